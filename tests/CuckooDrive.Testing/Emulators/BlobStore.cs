using CuckooDrive.Clouds;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// Where an emulator keeps content: small pieces in memory, large ones in files of a temporary folder, so that memory stays flat.
/// Thread safe.
/// </summary>
public sealed class BlobStore : IDisposable
{
    private const int InMemory = 64 << 10;

    private readonly TemporaryFolder _folder = new();
    private int _count;

    public void Dispose() => _folder.Dispose();

    /// <summary>Takes all of a stream.</summary>
    public async Task<Blob> ReadAsync(Stream source, CancellationToken cancellationToken)
    {
        var first = new byte[InMemory];
        var length = await source.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellationToken);
        if (length < first.Length)
            return new Blob([CloudContent.FromMemory(first[..length])]);

        var path = _folder[$"{Interlocked.Increment(ref _count)}"];
        await using var file = File.Create(path);
        await file.WriteAsync(first, cancellationToken);
        await source.CopyToAsync(file, cancellationToken);
        return new Blob([CloudContent.FromFile(path, 0, file.Length)]);
    }
}

/// <summary>Content in pieces. Immutable.</summary>
public sealed class Blob(IReadOnlyList<CloudContent> pieces) : CloudContent
{
    public static Blob Empty { get; } = new([]);

    public override long Length { get; } = pieces.Sum(piece => piece.Length);

    public Blob Append(Blob other) => new([.. pieces, .. other.Pieces]);

    private IReadOnlyList<CloudContent> Pieces => pieces;

    /// <summary>All of it, one piece after another; seeks forward only by reading.</summary>
    public override Stream Open() => new BlobStream(pieces);

    /// <summary>A provider's hash of it.</summary>
    public async Task<byte[]> HashAsync(CloudHashKind kind) => (await ContentHash.ComputeAsync(kind, this))!;

    /// <summary>Bytes [offset, offset + count) to a stream.</summary>
    public async Task CopyToAsync(Stream target, long offset, long count, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        foreach (var piece in pieces)
        {
            if (offset >= piece.Length)
            {
                offset -= piece.Length;
                continue;
            }
            await using var source = piece.Open();
            source.Position = offset;
            offset = 0;
            for (int read; count > 0; count -= read)
            {
                read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancellationToken);
                if (read == 0)
                    break;
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
            if (count == 0)
                return;
        }
    }

    private sealed class BlobStream(IReadOnlyList<CloudContent> pieces) : ReadOnlyStream
    {
        private int _next;
        private Stream? _piece;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var read = _piece is null ? 0 : await _piece.ReadAsync(buffer, cancellationToken);
                if (read > 0 || (_next == pieces.Count && _piece is null))
                    return read;
                _piece?.Dispose();
                _piece = _next < pieces.Count ? pieces[_next++].Open() : null;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _piece?.Dispose();
            base.Dispose(disposing);
        }
    }
}
