using CuckooDrive.Format;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// The files of packs on the local disk and their open handles, at most <see cref="MaximumHandles"/>. A file in the staging folder is named by its
/// pack; in the cache folder ".part" marks one with holes. Thread safe.
/// </summary>
internal sealed class PackFiles : IDisposable
{
    private const int MaximumHandles = 256;
    private const string PartSuffix = ".part";

    private readonly ChunkStoreOptions _options;
    private readonly Lock _gate = new();
    private readonly LinkedList<LocalPackFile> _open = [];
    private bool _foldersChanged;
    private bool _disposed;

    public PackFiles(ChunkStoreOptions options)
    {
        _options = options;
        CreatePrivateFolder(options.StagingDirectory);
        CreatePrivateFolder(options.CacheDirectory);
    }

    public LocalPackFile CreateStaged(PackId pack)
    {
        var file = new LocalPackFile(Path.Combine(_options.StagingDirectory, pack.ToString()), isWhole: true, _options.ShardCapacity) { IsStaged = true };
        using (_gate.EnterScope())
        {
            Open(file, FileMode.CreateNew);
            _foldersChanged = true;
        }
        return file;
    }

    public LocalPackFile CreatePart(PackId pack)
    {
        var file = new LocalPackFile(Path.Combine(_options.CacheDirectory, pack + PartSuffix), isWhole: false, _options.ShardCapacity);
        using (_gate.EnterScope())
            Open(file, FileMode.Create);
        return file;
    }

    /// <summary>Fills the whole buffer, with zeros past the end of the file. Any thread.</summary>
    /// <exception cref="IOException">The disk failed, or the file was evicted meanwhile.</exception>
    public void Read(LocalPackFile file, long position, Span<byte> buffer)
    {
        while (true)
        {
            try
            {
                var handle = Handle(file);
                while (!buffer.IsEmpty)
                {
                    var read = RandomAccess.Read(handle, buffer, position);
                    if (read == 0)
                        break;
                    position += read;
                    buffer = buffer[read..];
                }
                buffer.Clear();
                return;
            }
            catch (ObjectDisposedException) when (!_disposed)
            {
                // The handle was closed to make room for another one; opened again by the next round.
            }
        }
    }

    public void Write(LocalPackFile file, long position, ReadOnlySpan<byte> buffer)
    {
        while (true)
        {
            try
            {
                RandomAccess.Write(Handle(file), buffer, position);
                return;
            }
            catch (ObjectDisposedException) when (!_disposed)
            {
                // As in Read.
            }
        }
    }

    public void Sync(LocalPackFile file)
    {
        while (true)
        {
            try
            {
                Posix.FlushFile(Handle(file), file.Path);
                return;
            }
            catch (ObjectDisposedException) when (!_disposed)
            {
                // As in Read.
            }
        }
    }

    /// <summary>Makes the names of new staging files durable.</summary>
    public void SyncFolders()
    {
        if (!Volatile.Read(ref _foldersChanged))
            return;
        Volatile.Write(ref _foldersChanged, false);
        try
        {
            Posix.FlushFolder(_options.StagingDirectory);
        }
        catch (IOException)
        {
            Volatile.Write(ref _foldersChanged, true);
            throw;
        }
    }

    /// <summary>Cuts parity off and moves a completely uploaded pack to the cache folder, where it stays readable throughout.</summary>
    public void MoveToCache(LocalPackFile file, PackId pack, int dataLength)
    {
        var target = Path.Combine(_options.CacheDirectory, pack.ToString());
        using (_gate.EnterScope())
        {
            if (RandomAccess.GetLength(HandleLocked(file)) > dataLength)
                RandomAccess.SetLength(HandleLocked(file), dataLength);
            if (file.Path == target)
                return;
            // A handle stays valid over a rename, but not over the copy that a move to another file system is.
            Close(file);
            File.Move(file.Path, target, overwrite: true);
            file.Path = target;
        }
    }

    public void Delete(LocalPackFile file)
    {
        using (_gate.EnterScope())
        {
            Close(file);
            File.Delete(file.Path);
        }
    }

    /// <summary>Every pack file found at the start; files of unknown packs and strange names are deleted.</summary>
    public IEnumerable<(PackId Pack, LocalPackFile File)> Recover(Func<PackId, bool> isKnown)
    {
        foreach (var path in Directory.EnumerateFiles(_options.StagingDirectory).Concat(Directory.EnumerateFiles(_options.CacheDirectory)).Distinct().ToList())
        {
            var name = Path.GetFileName(path);
            var isPart = name.EndsWith(PartSuffix, StringComparison.Ordinal);
            if (!PackId.TryParse(isPart ? name[..^PartSuffix.Length] : name, out var pack) || !isKnown(pack))
            {
                File.Delete(path);
                continue;
            }
            var file = new LocalPackFile(path, !isPart, _options.ShardCapacity);
            file.Bytes = Measure(path);
            yield return (pack, file);
        }
    }

    // One bad file is no reason to open no drive at all: whoever reads it finds out.
    private static long Measure(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            return Posix.DataBytes(handle);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    public void Dispose()
    {
        using (_gate.EnterScope())
        {
            _disposed = true;
            while (_open.First is { } node)
                Close(node.Value);
        }
    }

    private SafeFileHandle Handle(LocalPackFile file)
    {
        using (_gate.EnterScope())
            return HandleLocked(file);
    }

    private SafeFileHandle HandleLocked(LocalPackFile file)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (file.Handle is null)
            Open(file, FileMode.Open);
        else if (file.HandleNode is { } node && _open.First != node)
        {
            _open.Remove(node);
            _open.AddFirst(node);
        }
        return file.Handle!;
    }

    private void Open(LocalPackFile file, FileMode mode)
    {
        // 0600: what others must not read stays theirs not to read, encrypted or not.
        file.Handle = File.OpenHandle(file.Path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (mode != FileMode.Open && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(file.Handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        file.HandleNode = _open.AddFirst(file);
        if (_open.Count > MaximumHandles)
            Close(_open.Last!.Value);
    }

    private void Close(LocalPackFile file)
    {
        if (file.HandleNode is { } node)
            _open.Remove(node);
        file.Handle?.Dispose();
        file.Handle = null;
        file.HandleNode = null;
    }

    private static void CreatePrivateFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
