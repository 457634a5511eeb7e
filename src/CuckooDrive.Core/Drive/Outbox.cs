using System.Globalization;
using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <summary>A sealed object on its way to every cloud.</summary>
internal sealed record OutboxItem(long Ordinal, string ObjectName, string Path)
{
    public byte[] Read() => File.ReadAllBytes(Path);
}

/// <summary>
/// The sealed objects that some cloud lacks, one file each, in the order in which every cloud gets them. An object is put
/// here, durably, before <see cref="JournalPosition"/> counts it; what lies here beyond that count was never sent and is
/// written anew. Thread safe.
/// </summary>
internal sealed class Outbox
{
    private readonly string _directory;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, OutboxItem> _items = [];

    /// <summary>Files that no position counts yet. A decision that failed (a full disk) leaves them, and their ordinals are given out again.</summary>
    private readonly Dictionary<long, string> _undecided = [];

    public Outbox(string directory, long nextOrdinal)
    {
        _directory = directory;
        PrivateFiles.CreateDirectory(directory);
        foreach (var path in Directory.EnumerateFiles(directory).ToList())
        {
            if (TryParse(path) is { } item && item.Ordinal < nextOrdinal)
                _items.Add(item.Ordinal, item);
            else
                File.Delete(path);
        }
    }

    /// <summary>Bytes of all objects that wait.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _items.Values.Sum(item => new FileInfo(item.Path).Length);
        }
    }

    /// <summary>Writes the object's file; durable after <see cref="Sync"/>, sent after <see cref="Release"/>.</summary>
    public OutboxItem Write(long ordinal, string objectName, byte[] content)
    {
        var path = Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{ordinal:x16}-{objectName.Replace('/', '_')}"));
        Supersede(ordinal, path);
        using (var file = PrivateFiles.Open(path, FileMode.Create))
        {
            file.Write(content);
            file.Flush();
            Chunks.Posix.FlushFile(file.SafeFileHandle, path);
        }
        return new OutboxItem(ordinal, objectName, path);
    }

    public void Sync() => PrivateFiles.SyncDirectory(_directory);

    /// <summary>The position counts these objects now: they may be sent.</summary>
    public void Release(IEnumerable<OutboxItem> items)
    {
        lock (_gate)
        {
            foreach (var item in items)
            {
                _undecided.Remove(item.Ordinal);
                _items.Add(item.Ordinal, item);
            }
        }
    }

    /// <summary>The first object at or after an ordinal.</summary>
    public OutboxItem? Next(long ordinal)
    {
        lock (_gate)
        {
            foreach (var (number, item) in _items)
            {
                if (number >= ordinal)
                    return item;
            }
            return null;
        }
    }

    /// <summary>Drops the objects before an ordinal: every cloud has them or needs them no more.</summary>
    public void DropBefore(long ordinal)
    {
        lock (_gate)
        {
            foreach (var number in _items.Keys.TakeWhile(number => number < ordinal).ToList())
            {
                File.Delete(_items[number].Path);
                _items.Remove(number);
            }
        }
    }

    /// <summary>Two files of one ordinal would leave it open after a restart which of them was decided.</summary>
    private void Supersede(long ordinal, string path)
    {
        lock (_gate)
        {
            if (_undecided.TryGetValue(ordinal, out var left) && left != path)
                File.Delete(left);
            _undecided[ordinal] = path;
        }
    }

    private static OutboxItem? TryParse(string path)
    {
        var name = Path.GetFileName(path);
        var dash = name.IndexOf('-');
        return dash > 0 && long.TryParse(name.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var ordinal)
            ? new OutboxItem(ordinal, name[(dash + 1)..].Replace('_', '/'), path)
            : null;
    }
}
