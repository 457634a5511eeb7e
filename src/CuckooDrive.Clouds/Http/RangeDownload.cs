using System.Net;
using System.Net.Http.Headers;

namespace CuckooDrive.Clouds.Http;

/// <summary>Reads a part of what lies behind an address that carries its own permission: no token is ever sent along.</summary>
internal static class RangeDownload
{
    /// <summary>What became of a request for a range.</summary>
    /// <param name="Stream">The bytes asked for, which end early only at the end of the object; null when the address was refused.</param>
    /// <param name="Refusal">The error to report when a new address is refused too.</param>
    public readonly record struct Result(Stream? Stream, CloudException? Refusal);

    /// <summary>An address that has run out, or an object that is gone, is a refusal; other failures are thrown.</summary>
    public static async Task<Result> OpenAsync(
        CloudHttp http, Uri link, long offset, long? length, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, link);
        if (offset > 0 || length is not null)
            request.Headers.Range = new RangeHeaderValue(offset, length is { } count ? Saturate(offset, count) : null);
        var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                return new Result(await OpenPartAsync(http, response, offset, length, cancellationToken).ConfigureAwait(false), null);

            case HttpStatusCode.OK:
                // The server may ignore the range: then the part is cut out here.
                var body = await http.OpenBodyAsync(response, response.Content.Headers.ContentLength, cancellationToken)
                    .ConfigureAwait(false);
                return new Result(offset > 0 || length is not null ? new PartStream(body, offset, length) : body, null);

            case HttpStatusCode.RequestedRangeNotSatisfiable:
                response.Dispose();
                return new Result(Stream.Null, null);

            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone:
                using (response)
                    return new Result(null, http.StatusError(response, "the download address was refused"));

            default:
                using (response)
                    throw http.StatusError(response);
        }
    }

    private static long Saturate(long offset, long count) => offset > long.MaxValue - count ? long.MaxValue : offset + count - 1;

    private static async Task<Stream> OpenPartAsync(
        CloudHttp http, HttpResponseMessage response, long offset, long? length, CancellationToken cancellationToken)
    {
        // A part that is shorter than asked for must end with the object.
        var last = Saturate(offset, length ?? long.MaxValue);
        if (response.Content.Headers.ContentRange is not { From: { } from, To: { } to, Length: var total } ||
            from != offset || to < from || to > last || (to < last && to != total - 1))
        {
            response.Dispose();
            throw new CloudException(CloudErrorKind.Corrupt, $"{http.Service} sent another part than the one asked for.");
        }
        return await http.OpenBodyAsync(response, to - from + 1, cancellationToken).ConfigureAwait(false);
    }
}
