using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace CuckooDrive.Testing.Emulators;

/// <summary>Answers a download, whole or by a Range of one part (RFC 9110, section 14).</summary>
public static class BlobAnswer
{
    public static async Task SendAsync(HttpContext context, Blob blob)
    {
        var response = context.Response;
        response.Headers.AcceptRanges = "bytes";
        response.ContentType = "application/octet-stream";
        var (offset, count) = (0L, blob.Length);
        if (context.Request.GetTypedHeaders().Range is { Ranges: { Count: 1 } ranges })
        {
            var range = ranges.Single();
            offset = range.From ?? Math.Max(0, blob.Length - range.To!.Value);
            if (offset >= blob.Length)
            {
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(blob.Length);
                return;
            }
            var last = range.From is null ? blob.Length - 1 : Math.Min(range.To ?? long.MaxValue, blob.Length - 1);
            count = last - offset + 1;
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(offset, last, blob.Length);
        }
        response.ContentLength = count;
        if (!HttpMethods.IsHead(context.Request.Method))
            await blob.CopyToAsync(response.Body, offset, count, context.RequestAborted);
    }
}
