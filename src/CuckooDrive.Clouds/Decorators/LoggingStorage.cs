using Microsoft.Extensions.Logging;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// Logs calls (debug) and failures (warning; answers that callers expect, such as a missing object, as debug). Prints
/// addresses and object names, which hold no secrets, and never content.
/// </summary>
public sealed partial class LoggingStorage(ICloudStorage inner, ILogger logger, TimeProvider? time = null)
    : InterceptingStorage(inner)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    protected override async ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        try
        {
            var result = await call(state, cancellationToken).ConfigureAwait(false);
            if (logger.IsEnabled(LogLevel.Debug))
                Done(request.Operation, request.Name, Address, request.Length, _time.GetElapsedTime(start).TotalMilliseconds);
            return result;
        }
        catch (CloudException failure)
        {
            var level = failure.Kind is CloudErrorKind.NotFound or CloudErrorKind.AlreadyExists ? LogLevel.Debug : LogLevel.Warning;
            Failed(level, request.Operation, request.Name, Address, failure.Kind, failure.Message);
            throw;
        }
    }

    [LoggerMessage(LogLevel.Debug, "{Operation} {Name} at {Cloud}: {Bytes} bytes, {Milliseconds:0.0} ms")]
    private partial void Done(CloudOperation operation, string name, string cloud, long bytes, double milliseconds);

    [LoggerMessage("{Operation} {Name} at {Cloud} failed, {Kind}: {Reason}")]
    private partial void Failed(
        LogLevel level, CloudOperation operation, string name, string cloud, CloudErrorKind kind, string reason);
}
