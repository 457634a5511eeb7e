using System.Net;
using System.Security.Authentication;
using System.Text.Json;

namespace CuckooDrive.Clouds.Http;

/// <summary>
/// What REST providers share: one HTTP client without retries and redirects of its own, whose failures are
/// <see cref="CloudException"/>, and bounded reading of answers. Thread safe; owns its handler.
/// </summary>
/// <param name="service">The provider's name for messages.</param>
/// <param name="options">Give the handler, if any, and the time.</param>
internal sealed class CloudHttp(string service, CloudOpenOptions options) : IDisposable
{
    /// <summary>The longest description of anything; a page of a list is the largest.</summary>
    private const int LongestAnswer = 32 << 20;

    private readonly HttpClient _client = new(options.HttpHandler?.Invoke() ?? SystemHandler(), disposeHandler: true)
    {
        // The timeout decorator knows how long a transfer may take.
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "CuckooDrive" } },
    };

    public string Service => service;

    public TimeProvider Time => options.Time;

    /// <summary>Sends a request and returns when the headers of the answer are there; the caller disposes it.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw Translate(exception, cancellationToken);
        }
    }

    /// <summary>Reads an answer of JSON; an empty or broken one is <see cref="CloudErrorKind.Corrupt"/>.</summary>
    public async Task<JsonElement> ReadJsonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(response, cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonElement.Parse(body.Span);
        }
        catch (JsonException exception)
        {
            throw new CloudException(CloudErrorKind.Corrupt, $"{service} sent an answer that makes no sense.", exception);
        }
    }

    /// <summary>Reads an answer that may be JSON, as those to failed requests; undefined when it is something else.</summary>
    public async Task<JsonElement> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(response, cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonElement.Parse(body.Span);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>The body of an answer as a stream whose failures are <see cref="CloudException"/>; disposing it disposes the answer.</summary>
    public async Task<ResponseStream> OpenBodyAsync(
        HttpResponseMessage response, long? expectedLength, CancellationToken cancellationToken)
    {
        try
        {
            var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return new ResponseStream(this, response, body, expectedLength);
        }
        catch (Exception exception)
        {
            response.Dispose();
            throw Translate(exception, cancellationToken);
        }
    }

    /// <summary>How long an answer asks to wait.</summary>
    public TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - Time.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>The error that a status means where the answer says nothing better.</summary>
    public CloudException StatusError(HttpResponseMessage response, string? detail = null)
    {
        var said = string.IsNullOrEmpty(detail) ? "" : $": {detail}";
        return (int)response.StatusCode switch
        {
            429 => new(CloudErrorKind.RateLimited, $"{service} asks for fewer requests{said}.") { RetryAfter = RetryAfter(response) },
            401 => new(CloudErrorKind.Unauthorized, $"{service} refuses the login{said}."),
            403 => new(CloudErrorKind.Forbidden, $"{service} does not allow this{said}."),
            404 => new(CloudErrorKind.NotFound, $"{service} does not have it{said}."),
            413 => new(CloudErrorKind.TooLarge, $"The object is larger than {service} takes{said}."),
            507 => new(CloudErrorKind.QuotaExceeded, $"The {service} account is full{said}."),
            408 or >= 500 => new(CloudErrorKind.Transient, $"{service} is in trouble (status {(int)response.StatusCode}){said}.")
            {
                RetryAfter = RetryAfter(response),
            },
            var status => new(CloudErrorKind.Other, $"{service} refuses the request (status {status}){said}."),
        };
    }

    /// <summary>What a failure of the transport means. Cancellation by the caller is returned as it is.</summary>
    public Exception Translate(Exception exception, CancellationToken cancellationToken)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            // Content that could not be read fails the request from within.
            if (cause is CloudException)
                return cause;
            // Another try meets the same certificate; somebody in between may be reading along.
            if (cause is AuthenticationException)
            {
                return new CloudException(
                    CloudErrorKind.Other,
                    $"The connection to {service} is not safe, so nothing was sent: {cause.Message} Check the clock and the network.",
                    exception);
            }
        }
        if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
            return exception;
        return exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException
            ? new CloudException(CloudErrorKind.Transient, $"The connection to {service} failed: {exception.Message}", exception)
            : new CloudException(CloudErrorKind.Other, $"The request to {service} failed: {exception.Message}", exception);
    }

    public void Dispose() => _client.Dispose();

    private static SocketsHttpHandler SystemHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        // Names are looked up again now and then.
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    };

    private async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await OpenBodyAsync(response, null, cancellationToken).ConfigureAwait(false);
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (body.Length + read > LongestAnswer)
                throw new CloudException(CloudErrorKind.Corrupt, $"{service} sent an answer that is far too long.");
            body.Write(buffer, 0, read);
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
