using System.Collections.Concurrent;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>Open directories.</summary>
public sealed partial class MemoryFileSystem
{
    private const ulong SelfCookie = 1;
    private const ulong ParentCookie = 2;

    /// <summary>
    /// For each handle the cookie that was next when it was opened or last read from the beginning. Reading ends there:
    /// else a program that renames each file that it sees, and so moves it to the end, would read for ever.
    /// </summary>
    private readonly ConcurrentDictionary<ulong, ulong> _directoryLimits = new();

    public ValueTask<FsResult<ulong>> OpenDirectoryAsync(ulong inode, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var directory = DirectoryNode(inode);
            if (!directory.Succeeded)
                return new(directory.Error);
            directory.Value.OpenHandles++;
            var handle = ++_lastHandle;
            _directoryLimits[handle] = directory.Value.Directory!.NextCookie;
            return new(handle);
        }
    }

    public ValueTask<FsError> ReadDirectoryAsync(ulong inode, ulong handle, ulong cookie, bool plus, IDirectorySink sink, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var directory = DirectoryNode(inode);
            if (!directory.Succeeded)
                return new(directory.Error);
            if (cookie == 0)
                _directoryLimits[handle] = directory.Value.Directory!.NextCookie;
            ReadDirectory(directory.Value, cookie, _directoryLimits[handle], plus, sink);
            return new(FsError.None);
        }
    }

    public void ReleaseDirectory(ulong inode, ulong handle)
    {
        _directoryLimits.TryRemove(handle, out _);
        CloseHandle(inode);
    }

    /// <summary>Call under the gate.</summary>
    private void ReadDirectory(MemoryNode node, ulong cookie, ulong limit, bool plus, IDirectorySink sink)
    {
        lock (node)
            TouchAccess(node);
        if (cookie < SelfCookie && !sink.TryAdd("."u8, SelfCookie, EntryOf(node)))
            return;
        if (cookie < ParentCookie && !sink.TryAdd(".."u8, ParentCookie, EntryOf(node.Parent!)))
            return;
        var directory = node.Directory!;
        for (var index = directory.IndexAfter(cookie); directory.At(index) is { } entry && entry.Cookie < limit; index++)
        {
            if (entry.Removed)
                continue;
            if (!sink.TryAdd(entry.Name, entry.Cookie, EntryOf(entry.Node)))
                return;
            if (plus)
                entry.Node.References++;
        }
    }
}
