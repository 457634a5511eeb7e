using System.Collections.Immutable;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Host.Tests.Crash;

/// <summary>
/// One thread's work in a folder of its own, and the record of what must be there after a crash. The record lives in the
/// process of the tests, which is not killed. One thread works; the check runs when it has stopped.
/// </summary>
internal sealed class LoadWorker
{
    private const int MostFiles = 24;
    private const int LargestSmallFile = 256 << 10;
    private const int LargestFile = 6 << 20;
    private static readonly string[] Folders = ["a", "b"];

    private readonly string _folder;
    private readonly Random _random;
    private readonly byte[] _buffer = new byte[1 << 20];
    private readonly Dictionary<uint, FileHistory> _files = [];

    /// <summary>Every state of the names since the last fsync; the commits are moments of the whole drive, so one of them it must be.</summary>
    private readonly List<ImmutableDictionary<string, uint>> _names = [ImmutableDictionary<string, uint>.Empty];
    private uint _lastFile;

    public LoadWorker(string folder, int number, int seed)
    {
        _folder = folder;
        _random = new Random(seed);
        _lastFile = (uint)number << 24;
    }

    /// <summary>Operations done.</summary>
    public long Operations { get; private set; }

    /// <summary>Fsyncs that returned.</summary>
    public long Syncs { get; private set; }

    /// <summary>Whether what is fsynced survives the loss that comes: not when the whole machine goes.</summary>
    public bool SyncIsEnough { get; set; } = true;

    private ImmutableDictionary<string, uint> Names => _names[^1];

    /// <summary>Makes the folders, durably.</summary>
    public void Prepare()
    {
        foreach (var folder in Folders)
            Directory.CreateDirectory(Path.Combine(_folder, folder));
        Syscall.Must(SyncFolder(), "fsync", _folder);
    }

    /// <summary>Works until told to stop, or until a call fails.</summary>
    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Step();
            Operations++;
        }
    }

    /// <summary>Everything that is done is on the clouds or on the disk.</summary>
    public void MarkDurable()
    {
        foreach (var file in _files.Values)
            file.MarkDurable();
        KeepLastNames();
    }

    /// <summary>Compares the folder with the record and goes on from what is there. Throws with what is wrong.</summary>
    public void Check()
    {
        var found = new Dictionary<string, byte[]>();
        foreach (var folder in Folders)
        {
            foreach (var path in Directory.EnumerateFiles(Path.Combine(_folder, folder)))
                found.Add(Path.GetRelativePath(_folder, path), File.ReadAllBytes(path));
        }
        var names = _names.FindLast(state => Fits(state, found))
            ?? throw new InvalidOperationException(DescribeMisfit(found));
        foreach (var (name, id) in names)
        {
            if (_checked.Add(id) && _files[id].Check(found[name]) is { } error)
                throw new InvalidOperationException($"{_folder}/{name}: {error}");
        }
        _checked.Clear();
        _names.Clear();
        _names.Add(names);
        foreach (var id in _files.Keys.Except(names.Values).ToList())
            _files.Remove(id);
    }

    private readonly HashSet<uint> _checked = [];

    private bool Fits(ImmutableDictionary<string, uint> state, Dictionary<string, byte[]> found)
    {
        if (state.Count != found.Count)
            return false;
        foreach (var (name, id) in state)
        {
            if (!found.TryGetValue(name, out var content))
                return false;
            if (content.Length == 0 ? !_files[id].MayBeEmpty : TaggedContent.FileOf(content) is { } file && file != id)
                return false;
        }
        return true;
    }

    private string DescribeMisfit(Dictionary<string, byte[]> found)
    {
        var there = found.OrderBy(each => each.Key).Select(each => $"{each.Key}={TaggedContent.FileOf(each.Value)?.ToString() ?? $"({each.Value.Length} bytes)"}");
        var states = _names.Select(state => string.Join(' ', state.OrderBy(each => each.Key).Select(each => $"{each.Key}={each.Value}")));
        return $"The names in {_folder} are those of no moment since the last fsync.\nFound: {string.Join(' ', there)}\nPossible, oldest first:\n{string.Join('\n', states)}";
    }

    private void Step()
    {
        var choice = _random.Next(100);
        if (Names.Count < 3 || (choice < 15 && Names.Count < MostFiles))
            Create(_random.Next(10) == 0 ? LargestFile : LargestSmallFile);
        else if (choice < 35)
            Append();
        else if (choice < 60)
            Overwrite();
        else if (choice < 68)
            Rename();
        else if (choice < 78)
            SaveByRename();
        else if (choice < 84)
            Unlink();
        else if (choice < 88)
            Link();
        else if (choice < 92)
            Cut();
        else
            Sync(OfRandomFile().Path);
    }

    private void Create(int largest)
    {
        var name = NewName();
        if (Names.ContainsKey(name))
            return;
        var file = new FileHistory(++_lastFile);
        _files.Add(file.Id, file);
        Rename(Names.Add(name, file.Id));
        WriteTo(file, name, Posix.Create | Posix.Exclusive, 0, 1 + _random.Next(largest / TaggedContent.Cell));
    }

    private void Append()
    {
        var (name, file, _) = OfRandomFile();
        var room = (2 * LargestFile / TaggedContent.Cell) - file.Length;
        if (room > 0)
            WriteTo(file, name, Posix.Append, file.Length, Math.Min(room, 1 + _random.Next(_random.Next(2) == 0 ? 200 : 8000)));
    }

    private void Overwrite()
    {
        var (name, file, _) = OfRandomFile();
        if (file.Length == 0)
            return;
        var from = _random.Next(file.Length);
        WriteTo(file, name, 0, from, Math.Min(file.Length - from, 1 + _random.Next(_random.Next(2) == 0 ? 300 : 5000)));
    }

    /// <summary>As an editor saves: a new file, its content durable, then the name moved onto the old one.</summary>
    private void SaveByRename()
    {
        var (target, _, _) = OfRandomFile();
        var temporary = $"a/save{_lastFile + 1:x}";
        var file = new FileHistory(++_lastFile);
        _files.Add(file.Id, file);
        Rename(Names.Add(temporary, file.Id));
        WriteTo(file, temporary, Posix.Create | Posix.Exclusive, 0, 1 + _random.Next(2000), sync: true);
        Rename(Names.Remove(temporary).SetItem(target, file.Id));
        Syscall.Must(Posix.Rename(PathOf(temporary), PathOf(target)), "rename", target);
    }

    private void Rename()
    {
        var (name, file, path) = OfRandomFile();
        var target = _random.Next(3) == 0 ? OfRandomFile().Name : NewName();
        // POSIX: renaming one link of a file onto another does nothing.
        if (target == name || (Names.TryGetValue(target, out var other) && other == file.Id))
            return;
        Rename(Names.Remove(name).SetItem(target, file.Id));
        Syscall.Must(Posix.Rename(path, PathOf(target)), "rename", name);
    }

    private void Unlink()
    {
        var (name, _, path) = OfRandomFile();
        Rename(Names.Remove(name));
        Syscall.Must(Posix.Remove(path), "unlink", name);
    }

    private void Link()
    {
        var (name, file, path) = OfRandomFile();
        var target = NewName();
        if (Names.ContainsKey(target) || Names.Count >= MostFiles)
            return;
        Rename(Names.Add(target, file.Id));
        Syscall.Must(Posix.Link(path, PathOf(target)), "link", name);
    }

    private void Cut()
    {
        var (name, file, path) = OfRandomFile();
        var length = _random.Next(file.Length + 1);
        file.Cut(length);
        Syscall.Must(Posix.TruncateTo(path, (long)length * TaggedContent.Cell), "truncate", name);
    }

    private void Sync(string path)
    {
        var handle = Syscall.Must(Posix.Open(path, Posix.ReadOnly), "open", path);
        try
        {
            SyncFile(handle, Names[Path.GetRelativePath(_folder, path)]);
        }
        finally
        {
            Posix.Close(handle);
        }
    }

    private void WriteTo(FileHistory file, string name, int flags, int from, int cells, bool sync = false)
    {
        var handle = Syscall.Must(Posix.Open(PathOf(name), Posix.WriteOnly | flags), "open", name);
        try
        {
            for (var to = from + cells; from < to;)
            {
                var part = Math.Min(to - from, 1 + _random.Next(_buffer.Length / TaggedContent.Cell));
                var data = _buffer.AsSpan(0, part * TaggedContent.Cell);
                TaggedContent.Fill(data, from, file.Id, file.Write(from, from + part));
                WriteAll(handle, name, data, (long)from * TaggedContent.Cell);
                from += part;
            }
            if (sync || _random.Next(4) == 0)
                SyncFile(handle, file.Id);
        }
        finally
        {
            Posix.Close(handle);
        }
    }

    /// <summary>A write that the crash cuts short is gone on with, as POSIX asks of a program; then it fails with the mount.</summary>
    private static void WriteAll(int handle, string name, ReadOnlySpan<byte> data, long offset)
    {
        while (!data.IsEmpty)
        {
            var written = (int)Syscall.Must(Posix.Write(handle, data, offset), "write", name);
            if (written == 0)
                throw new IOException($"write of {data.Length} bytes to {name} wrote nothing.");
            data = data[written..];
            offset += written;
        }
    }

    private void SyncFile(int handle, uint file)
    {
        Syscall.Must(Posix.Sync(handle), "fsync", file.ToString());
        Syncs++;
        if (!SyncIsEnough)
            return;
        _files[file].MarkDurable();
        KeepLastNames();
    }

    private int SyncFolder()
    {
        var handle = Syscall.Must(Posix.Open(_folder, Posix.ReadOnly), "open", _folder);
        var result = Posix.Sync(handle);
        Posix.Close(handle);
        return result;
    }

    /// <summary>To be called before the names change: a crash may come at any moment of the call.</summary>
    private void Rename(ImmutableDictionary<string, uint> names) => _names.Add(names);

    private void KeepLastNames() => _names.RemoveRange(0, _names.Count - 1);

    private (string Name, FileHistory File, string Path) OfRandomFile()
    {
        var (name, id) = Names.OrderBy(each => each.Key, StringComparer.Ordinal).ElementAt(_random.Next(Names.Count));
        return (name, _files[id], PathOf(name));
    }

    private string NewName() => $"{Folders[_random.Next(Folders.Length)]}/file{_random.Next(60)}";

    private string PathOf(string name) => Path.Combine(_folder, name);
}
