using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace CuckooDrive.Clouds.Http;

/// <summary>
/// The body of an upload, streamed. Content that is longer or shorter than it said fails the request before its last byte is sent,
/// so that no service can take it for complete. May be sent again: the content is opened for each sending.
/// </summary>
internal sealed class UploadContent : HttpContent
{
    private const int BufferSize = 128 << 10;

    private readonly Func<Stream, CancellationToken, Task> _send;
    private readonly long _length;

    private UploadContent(long length, Func<Stream, CancellationToken, Task> send)
    {
        _length = length;
        _send = send;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    /// <summary>All of the content.</summary>
    /// <param name="content">What to send.</param>
    /// <param name="hash">Makes what sees each byte before it is sent, for one sending; null where nothing need.</param>
    public static UploadContent Whole(CloudContent content, Func<Action<ReadOnlySpan<byte>>>? hash = null) =>
        new(content.Length, async (target, cancellationToken) =>
        {
            await using var source = ContentReader.Open(content);
            await CopyAsync(source, content.Length, true, target, hash?.Invoke(), cancellationToken).ConfigureAwait(false);
        });

    /// <summary>The next bytes of a content that is sent in several requests; can be sent once.</summary>
    /// <param name="source">Stays open.</param>
    /// <param name="length">At most what is left.</param>
    /// <param name="isLast">Whether the content must end with these.</param>
    /// <param name="hash">Sees each byte before it is sent, or null.</param>
    public static UploadContent Part(ContentReader source, long length, bool isLast, Action<ReadOnlySpan<byte>>? hash = null) =>
        new(length, (target, cancellationToken) => CopyAsync(source, length, isLast, target, hash, cancellationToken));

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        _send(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _send(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    private static async Task CopyAsync(
        ContentReader source,
        long length,
        bool isLast,
        Stream target,
        Action<ReadOnlySpan<byte>>? hash,
        CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(length, 1, BufferSize));
        try
        {
            for (var left = length; left > 0;)
            {
                var read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken)
                    .ConfigureAwait(false);
                left -= read;
                if (left == 0 && isLast)
                    await source.FinishAsync(cancellationToken).ConfigureAwait(false);
                hash?.Invoke(buffer.AsSpan(0, read));
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
