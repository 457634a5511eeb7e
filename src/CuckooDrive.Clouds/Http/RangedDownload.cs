using System.Net;
using System.Net.Http.Headers;

namespace CuckooDrive.Clouds.Http;

/// <summary>Parts of objects by the Range header (RFC 9110, section 14), with answers that are checked to be what was asked for.</summary>
internal static class RangedDownload
{
    /// <summary>Asks for bytes [offset, offset + length), or to the end; nothing is added for the whole object.</summary>
    /// <param name="length">At least 1, or null.</param>
    public static void Ask(HttpRequestMessage request, long offset, long? length)
    {
        if (offset > 0 || length is not null)
            request.Headers.Range = new RangeHeaderValue(offset, length is { } count && offset <= long.MaxValue - count ? offset + count - 1 : null);
    }

    /// <summary>Whether an answer is one to such a question; what else it may be is the provider's error.</summary>
    public static bool IsAnswer(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable;

    /// <summary>Fills the buffer from the answer, less at the end of the object. Disposes the answer.</summary>
    public static async ValueTask<int> ReadAsync(
        CloudHttp http, HttpResponseMessage response, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await using var body = await OpenAsync(http, response, offset, destination.Length, cancellationToken).ConfigureAwait(false);
        var read = 0;
        for (int some; read < destination.Length; read += some)
        {
            some = await body.ReadAsync(destination[read..], cancellationToken).ConfigureAwait(false);
            if (some == 0)
                break;
        }
        return read;
    }

    /// <summary>The answer as a stream of the bytes that were asked for; disposing it disposes the answer.</summary>
    public static async Task<Stream> OpenAsync(
        CloudHttp http, HttpResponseMessage response, long offset, long? length, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // At or behind the end.
            response.Dispose();
            return Stream.Null;
        }
        var announced = response.Content.Headers.ContentLength;
        if (!IsAsAsked(response, offset, length, announced))
        {
            response.Dispose();
            throw new CloudException(CloudErrorKind.Corrupt, $"{http.Service} sent another part of the object than it was asked for.");
        }
        // A body that only the end of the connection ends is held to what the range says: it may have broken off.
        if (announced is null && response.Content.Headers.ContentRange is { From: { } from, To: { } to })
            announced = to - from + 1;
        var body = await http.OpenBodyAsync(response, announced, cancellationToken).ConfigureAwait(false);
        // A service that ignores the range sends all: then the part is cut out here.
        var isPart = response.StatusCode == HttpStatusCode.PartialContent || (offset == 0 && (length is null || announced <= length));
        return isPart ? body : new PartStream(body, offset, length);
    }

    private static bool IsAsAsked(HttpResponseMessage response, long offset, long? length, long? announced)
    {
        if (response.StatusCode == HttpStatusCode.OK)
            return true;
        if (response.Content.Headers.ContentRange is not { From: { } from, To: { } to } range || from != offset)
            return false;
        var rest = range.Length - offset;
        var wanted = length is { } count && !(rest < count) ? count : rest;
        return (announced is null || announced == to - from + 1) && (wanted is null || to - from + 1 == wanted);
    }
}
