using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace CuckooDrive.Clouds.Providers.Azure;

/// <summary>
/// Uploads blobs block by block: a block at a time is in memory, its hash is checked by the service, and nothing is visible
/// before the list of blocks is committed, which fails when there is a blob already. Throws what the SDK throws.
/// </summary>
internal static class AzureWriter
{
    private const int MostBlocks = 50_000;
    private const int SmallestBlock = 8 << 20;
    private const int LargestBlock = 64 << 20;
    private const int SmallestToLookFirst = 64 << 20;

    /// <summary>The largest object in bytes.</summary>
    public const long LargestObject = (long)MostBlocks * LargestBlock;

    private static readonly BlobRequestConditions OnlyNew = new() { IfNoneMatch = ETag.All };

    public static async Task WriteAsync(BlockBlobClient blob, string name, CloudContent content, CancellationToken cancellationToken)
    {
        if (content.Length > LargestObject)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is larger than Azure Blob Storage takes.");
        // Saves a long upload that would be refused.
        if (content.Length >= SmallestToLookFirst && await blob.ExistsAsync(cancellationToken).ConfigureAwait(false))
            throw AzureErrors.Exists(name);
        var size = (int)Math.Clamp(content.Length, 1, Math.Max(SmallestBlock, (content.Length + MostBlocks - 1) / MostBlocks));
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            await using var source = ContentReader.Open(content);
            if (content.Length <= size)
                await WriteWholeAsync(blob, source, buffer.AsMemory(0, (int)content.Length), cancellationToken).ConfigureAwait(false);
            else
                await WriteBlocksAsync(blob, name, source, content.Length, buffer.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task WriteWholeAsync(
        BlockBlobClient blob, ContentReader source, Memory<byte> data, CancellationToken cancellationToken)
    {
        await FillAsync(source, data, cancellationToken).ConfigureAwait(false);
        await source.FinishAsync(cancellationToken).ConfigureAwait(false);
        using var body = Stream(data);
        await blob.UploadAsync(
            body,
            new BlobUploadOptions
            {
                Conditions = OnlyNew,
                HttpHeaders = new BlobHttpHeaders { ContentType = "application/octet-stream" },
                TransferOptions = new StorageTransferOptions { InitialTransferSize = SmallestBlock, MaximumConcurrency = 1 },
                TransferValidation = Md5(),
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task WriteBlocksAsync(
        BlockBlobClient blob, string name, ContentReader source, long length, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var upload = Guid.NewGuid();
        var blocks = new List<string>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        for (var left = length; left > 0;)
        {
            var block = buffer[..(int)Math.Min(buffer.Length, left)];
            await FillAsync(source, block, cancellationToken).ConfigureAwait(false);
            hash.AppendData(block.Span);
            left -= block.Length;
            blocks.Add(BlockId(upload, blocks.Count));
            using var body = Stream(block);
            await blob.StageBlockAsync(
                blocks[^1], body, new BlockBlobStageBlockOptions { TransferValidation = Md5() }, cancellationToken).ConfigureAwait(false);
        }
        await source.FinishAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await blob.CommitBlockListAsync(
                blocks,
                new CommitBlockListOptions
                {
                    Conditions = OnlyNew,
                    // The service computes no hash of what comes in blocks, but keeps ours.
                    HttpHeaders = new BlobHttpHeaders { ContentType = "application/octet-stream", ContentHash = hash.GetHashAndReset() },
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException failure) when (failure.ErrorCode == "InvalidBlockList")
        {
            // Another writer's commit discards the blocks of all others.
            if (await blob.ExistsAsync(cancellationToken).ConfigureAwait(false))
                throw AzureErrors.Exists(name);
            throw;
        }
    }

    private static async Task FillAsync(ContentReader source, Memory<byte> data, CancellationToken cancellationToken)
    {
        while (data.Length > 0)
        {
            var read = await source.ReadAsync(data, cancellationToken).ConfigureAwait(false);
            data = data[read..];
        }
    }

    private static UploadTransferValidationOptions Md5() => new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 };

    private static MemoryStream Stream(ReadOnlyMemory<byte> data) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(data, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(data.ToArray(), writable: false);

    // All of the same length, as the service wants it, and never those of another writer.
    private static string BlockId(Guid upload, int number)
    {
        Span<byte> id = stackalloc byte[20];
        upload.TryWriteBytes(id);
        BinaryPrimitives.WriteInt32BigEndian(id[16..], number);
        return Convert.ToBase64String(id);
    }
}
