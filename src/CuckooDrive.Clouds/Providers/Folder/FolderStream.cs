using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>A forward stream over a part of an object; errors are those of the contract. Not thread safe.</summary>
internal sealed class FolderStream : ReadOnlyStream
{
    private readonly SafeFileHandle _file;
    private readonly string _root;
    private readonly IoThreads _threads;
    private long _position;
    private long _left;

    public FolderStream(SafeFileHandle file, long offset, long? length, string root, IoThreads threads)
    {
        _file = file;
        _root = root;
        _threads = threads;
        _position = offset;
        _left = length ?? long.MaxValue;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var length = (int)Math.Min(buffer.Length, _left);
        if (length == 0)
            return 0;
        // Through a buffer of its own, which a hanging disk may keep after cancellation.
        var own = ArrayPool<byte>.Shared.Rent(length);
        var read = await _threads.RunAsync(() => ReadWaiting(own.AsSpan(0, length)), cancellationToken).ConfigureAwait(false);
        own.AsSpan(0, read).CopyTo(buffer.Span);
        ArrayPool<byte>.Shared.Return(own);
        _position += read;
        _left -= read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private int ReadWaiting(Span<byte> buffer)
    {
        try
        {
            return RandomAccess.Read(_file, buffer, _position);
        }
        catch (Exception exception) when (FolderErrors.IsSystem(exception))
        {
            throw FolderErrors.Map(exception, _root);
        }
    }
}
