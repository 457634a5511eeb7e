using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// Recently read files, kept open so that a range read costs one system call. Thread safe.
/// </summary>
/// <remarks>
/// A handle is opened anew after <see cref="MaximumAge"/>, so that a file deleted or replaced behind our back is noticed, and
/// closed when idle, so that a disk can be unmounted. Closing may wait for a disk that hangs (FUSE, SMB), so it is never done under
/// the lock, nor by <see cref="Find"/>, which callers use on their own threads.
/// </remarks>
internal sealed class HandleCache : IDisposable
{
    private const int Capacity = 128;
    private static readonly TimeSpan MaximumAge = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ITimer _sweeper;
    private readonly Dictionary<string, LinkedListNode<OpenFile>> _files = new(StringComparer.Ordinal);
    private readonly LinkedList<OpenFile> _recent = new();
    private bool _closed;

    public HandleCache(TimeProvider time)
    {
        _time = time;
        _sweeper = time.CreateTimer(_ => Sweep(), null, MaximumAge, MaximumAge);
    }

    /// <summary>The open file, to be given back by <see cref="OpenFile.Release"/>, or null.</summary>
    public OpenFile? Find(string name)
    {
        lock (_files)
        {
            if (!_files.TryGetValue(name, out var node))
                return null;
            // The sweeper closes it, or who adds it anew.
            if (_time.GetElapsedTime(node.Value.Opened) > MaximumAge)
                return null;
            _recent.Remove(node);
            _recent.AddLast(node);
            node.Value.Acquire();
            return node.Value;
        }
    }

    /// <summary>Takes over an open file; the caller still has to release it.</summary>
    public OpenFile Add(string name, SafeFileHandle handle)
    {
        var file = new OpenFile(name, handle, RandomAccess.GetLength(handle), _time.GetTimestamp());
        OpenFile? older = null, oldest = null;
        lock (_files)
        {
            if (_closed)
                return file;
            if (_files.TryGetValue(name, out var known))
                older = Remove(known);
            if (_files.Count == Capacity)
                oldest = Remove(_recent.First!);
            file.Acquire();
            _files.Add(name, _recent.AddLast(file));
        }
        older?.Release();
        oldest?.Release();
        return file;
    }

    /// <summary>Forgets a file that is about to be deleted: Windows cannot delete it while it is open.</summary>
    public void Invalidate(string name)
    {
        OpenFile? file = null;
        lock (_files)
        {
            if (_files.TryGetValue(name, out var node))
                file = Remove(node);
        }
        file?.Release();
    }

    public void Dispose()
    {
        _sweeper.Dispose();
        var files = new List<OpenFile>();
        lock (_files)
        {
            _closed = true;
            while (_recent.First is { } node)
                files.Add(Remove(node));
        }
        // Nobody waits: a storage whose disk hangs must be closable.
        _ = Task.Run(() => files.ForEach(static file => file.Release()));
    }

    private void Sweep()
    {
        var old = new List<OpenFile>();
        lock (_files)
        {
            for (var node = _recent.First; node is not null;)
            {
                var next = node.Next;
                if (_time.GetElapsedTime(node.Value.Opened) > MaximumAge)
                    old.Add(Remove(node));
                node = next;
            }
        }
        old.ForEach(static file => file.Release());
    }

    /// <summary>Under the lock; the caller releases the file after it.</summary>
    private OpenFile Remove(LinkedListNode<OpenFile> node)
    {
        _recent.Remove(node);
        _files.Remove(node.Value.Name);
        return node.Value;
    }
}

/// <summary>An open file with its length; closed when the cache and all readers have released it.</summary>
internal sealed class OpenFile(string name, SafeFileHandle handle, long length, long opened)
{
    private int _users = 1;

    public string Name => name;
    public SafeFileHandle Handle => handle;
    public long Length => length;
    public long Opened => opened;

    public void Acquire() => Interlocked.Increment(ref _users);

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            handle.Dispose();
    }
}
