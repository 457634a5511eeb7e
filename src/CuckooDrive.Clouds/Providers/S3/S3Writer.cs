using Amazon.S3.Model;

namespace CuckooDrive.Clouds.Providers.S3;

/// <summary>Uploads objects, large ones in parts of which nothing is visible before the last. Thread safe.</summary>
internal sealed class S3Writer(S3Session session, S3Address address, TimeProvider time)
{
    private const long SmallestPart = 64L << 20;
    private const int MostParts = 10_000;

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(20);

    public Task WriteAsync(string name, CloudContent content, CancellationToken cancellationToken) =>
        content.Length > address.MultipartThreshold
            ? WritePartsAsync(name, content, cancellationToken)
            : WriteWholeAsync(name, content, cancellationToken);

    private async Task WriteWholeAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        await using var source = ContentReader.Open(content);
        var request = new PutObjectRequest
        {
            BucketName = address.Bucket,
            Key = address.Prefix + name,
            InputStream = await StreamAsync(source, content.Length, cancellationToken).ConfigureAwait(false),
            AutoCloseStream = false,
            ContentType = "application/octet-stream",
            IfNoneMatch = address.CreatesOnce ? "*" : null,
            DisablePayloadSigning = Unsigned,
        };
        request.Headers.ContentLength = content.Length;
        await session.Client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task WritePartsAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        var key = address.Prefix + name;
        var begun = await session.Client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = address.Bucket, Key = key, ContentType = "application/octet-stream" },
            cancellationToken).ConfigureAwait(false);
        try
        {
            var parts = await SendPartsAsync(begun.UploadId, key, content, cancellationToken).ConfigureAwait(false);
            // From here on the object may become visible whatever happens, but only whole.
            await session.Client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = address.Bucket,
                    Key = key,
                    UploadId = begun.UploadId,
                    PartETags = parts,
                    IfNoneMatch = address.CreatesOnce ? "*" : null,
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await AbortAsync(begun.UploadId, key).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<List<PartETag>> SendPartsAsync(
        string upload, string key, CloudContent content, CancellationToken cancellationToken)
    {
        var size = Math.Max(SmallestPart, (content.Length + MostParts - 1) / MostParts);
        var parts = new List<PartETag>();
        await using var source = ContentReader.Open(content);
        for (long position = 0; position < content.Length; position += size)
        {
            var length = Math.Min(size, content.Length - position);
            var isLast = position + length == content.Length;
            var part = await session.Client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = address.Bucket,
                    Key = key,
                    UploadId = upload,
                    PartNumber = parts.Count + 1,
                    PartSize = length,
                    IsLastPart = isLast,
                    InputStream = new PartBody(source, length, isLast),
                    DisablePayloadSigning = Unsigned,
                },
                cancellationToken).ConfigureAwait(false);
            parts.Add(new PartETag(parts.Count + 1, part.ETag));
        }
        return parts;
    }

    // TLS protects the bytes; without it the SDK signs them piece by piece as they pass.
    private bool Unsigned => address.Endpoint?.Scheme != Uri.UriSchemeHttp;

    // An empty body is complete with the headers, so its content is checked before.
    private static async Task<Stream> StreamAsync(ContentReader source, long length, CancellationToken cancellationToken)
    {
        if (length > 0)
            return new ContentStream(source, length, isLast: true);
        await source.FinishAsync(cancellationToken).ConfigureAwait(false);
        return new MemoryStream();
    }

    // The upload failed whether or not its parts can be removed; the bucket's lifecycle rule removes what stays.
    private async Task AbortAsync(string upload, string key)
    {
        using var limit = new CancellationTokenSource(CleaningTime, time);
        try
        {
            await session.Client.AbortMultipartUploadAsync(address.Bucket, key, upload, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is Amazon.Runtime.AmazonServiceException or HttpRequestException or OperationCanceledException)
        {
            // The failure of the upload is what the caller must hear.
        }
    }
}
