using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// Counts calls, bytes, errors and time under the meter <see cref="MeterName"/>, with the tags cloud (the address), operation
/// and, for errors, kind. Costs almost nothing while nobody listens.
/// </summary>
public sealed class MetricsStorage(ICloudStorage inner, TimeProvider? time = null) : InterceptingStorage(inner)
{
    public const string MeterName = "CuckooDrive.Clouds";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Requests =
        Meter.CreateCounter<long>("cuckoo.cloud.requests", "{request}", "Calls to a cloud, failed ones included.");

    private static readonly Counter<long> Errors =
        Meter.CreateCounter<long>("cuckoo.cloud.errors", "{error}", "Calls that failed, by kind.");

    private static readonly Counter<long> Sent = Meter.CreateCounter<long>("cuckoo.cloud.sent", "By", "Bytes of written objects.");

    private static readonly Counter<long> Received = Meter.CreateCounter<long>("cuckoo.cloud.received", "By", "Bytes read.");

    private static readonly Histogram<double> Latency =
        Meter.CreateHistogram<double>("cuckoo.cloud.duration", "s", "Time until a call completed or failed.");

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public override async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        var stream = await base.OpenReadAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
        return Received.Enabled
            ? new ObservedStream(stream, read => Received.Add(read, new("cloud", Address), new("operation", nameof(CloudOperation.OpenRead)))) : stream;
    }

    protected override ValueTask<TResult> InvokeAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken) =>
        Requests.Enabled || Errors.Enabled || Sent.Enabled || Received.Enabled || Latency.Enabled
            ? MeasureAsync(request, state, call, cancellationToken)
            : call(state, cancellationToken);

    private async ValueTask<TResult> MeasureAsync<TState, TResult>(
        CloudRequest request,
        TState state,
        Func<TState, CancellationToken, ValueTask<TResult>> call,
        CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var tags = new TagList { { "cloud", Address }, { "operation", request.Operation.ToString() } };
        try
        {
            var result = await call(state, cancellationToken).ConfigureAwait(false);
            if (request.Operation == CloudOperation.Write)
                Sent.Add(request.Length, tags);
            else if (request.Operation == CloudOperation.Read && result is int read)
                Received.Add(read, tags);
            return result;
        }
        catch (CloudException failure)
        {
            Errors.Add(1, [.. tags, new("kind", failure.Kind.ToString())]);
            throw;
        }
        finally
        {
            Requests.Add(1, tags);
            Latency.Record(_time.GetElapsedTime(start).TotalSeconds, tags);
        }
    }
}
