using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// Content that is hashed while it is read. It may be opened several times, by a retry or for parts of it; each reading from the
/// first byte to the last gives a hash. Thread safe, the streams are not.
/// </summary>
internal sealed class HashedContent(CloudContent inner, CloudHashKind kind) : CloudContent
{
    private readonly Lock _gate = new();
    private byte[]? _hash;
    private bool _changed;

    public override long Length => inner.Length;

    /// <summary>Whether two readings differed.</summary>
    public bool Changed
    {
        get
        {
            lock (_gate)
                return _changed;
        }
    }

    public override Stream Open()
    {
        var stream = inner.Open();
        return ContentHasher.Create(kind) is { } hasher ? new HashedStream(this, stream, hasher) : stream;
    }

    /// <summary>
    /// The hash of the content, which is read once more if nobody has read it in one go; null for a kind that is not computed here.
    /// </summary>
    public async ValueTask<byte[]?> HashAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_hash is not null)
                return _hash;
        }
        return await ContentHash.ComputeAsync(kind, inner, cancellationToken).ConfigureAwait(false);
    }

    private void Passed(byte[] hash)
    {
        lock (_gate)
        {
            _changed |= _hash is not null && !_hash.AsSpan().SequenceEqual(hash);
            _hash = hash;
        }
    }

    private sealed class HashedStream(HashedContent content, Stream inner, ContentHasher hasher) : ReadOnlyStream
    {
        private long _position;
        private bool _passed;

        // Pooled: nothing is allocated for each block.
        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            _position += read;
            if (_passed)
                return read;
            hasher.Append(buffer.Span[..read]);
            if (_position >= content.Length)
            {
                _passed = true;
                content.Passed(hasher.Finish());
            }
            return read;
        }

        public override ValueTask DisposeAsync()
        {
            hasher.Dispose();
            return inner.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                hasher.Dispose();
                inner.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
