using System.Security.Cryptography;

namespace CuckooDrive.Clouds;

/// <summary>A provider's content hash, computed while the content passes. Not thread safe.</summary>
internal abstract class ContentHasher : IDisposable
{
    /// <summary>A hasher, or null for a kind that is not computed here.</summary>
    public static ContentHasher? Create(CloudHashKind kind) => kind switch
    {
        CloudHashKind.Md5 => new Plain(HashAlgorithmName.MD5),
        CloudHashKind.Sha1 => new Plain(HashAlgorithmName.SHA1),
        CloudHashKind.Sha256 => new Plain(HashAlgorithmName.SHA256),
        CloudHashKind.DropboxContentHash => new DropboxContentHasher(),
        CloudHashKind.QuickXor => new QuickXor(),
        _ => null,
    };

    public abstract void Append(ReadOnlySpan<byte> data);

    /// <summary>The hash of all that was appended. To be called once.</summary>
    public abstract byte[] Finish();

    public abstract void Dispose();

    private sealed class Plain(HashAlgorithmName algorithm) : ContentHasher
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(algorithm);

        public override void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

        public override byte[] Finish() => _hash.GetHashAndReset();

        public override void Dispose() => _hash.Dispose();
    }

    private sealed class QuickXor : ContentHasher
    {
        private readonly QuickXorHash _hash = new();

        public override void Append(ReadOnlySpan<byte> data) => _hash.Append(data);

        public override byte[] Finish() => _hash.GetHash();

        public override void Dispose()
        {
        }
    }
}

/// <summary>
/// Dropbox's content_hash: SHA-256 over the SHA-256 of each block of 4 MiB
/// (https://www.dropbox.com/developers/reference/content-hash). Not thread safe.
/// </summary>
internal sealed class DropboxContentHasher : ContentHasher
{
    private const int BlockSize = 4 << 20;

    private readonly IncrementalHash _whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _block = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private int _inBlock;

    public override void Append(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            var part = data[..Math.Min(data.Length, BlockSize - _inBlock)];
            _block.AppendData(part);
            data = data[part.Length..];
            _inBlock += part.Length;
            if (_inBlock == BlockSize)
                EndBlock();
        }
    }

    public override byte[] Finish()
    {
        // The last block is a shorter one; content of 0 bytes has none.
        if (_inBlock > 0)
            EndBlock();
        return _whole.GetHashAndReset();
    }

    public override void Dispose()
    {
        _whole.Dispose();
        _block.Dispose();
    }

    private void EndBlock()
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _block.GetHashAndReset(hash);
        _whole.AppendData(hash);
        _inBlock = 0;
    }
}
