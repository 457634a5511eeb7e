using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>What a scripted operation does.</summary>
public enum ScriptAction
{
    Create,
    MakeDirectory,
    MakeSymbolicLink,
    Link,
    Unlink,
    RemoveDirectory,
    Rename,
    Exchange,
    RenameNoReplace,
    Write,
    WriteOpen,
    ReadOpen,
    Read,
    Truncate,
    PunchHole,
    ZeroRange,
    Allocate,
    CopyRange,
    SetMode,
    SetAttribute,
    RemoveAttribute,
    Open,
    OpenTruncated,
    OpenUnnamed,
    LinkOpen,
    Close,
    List,
    Sync,
}

/// <summary>One operation. Paths are numbers of names, one a digit group; see <see cref="FileSystemScript"/>.</summary>
public sealed record ScriptStep(ScriptAction Action, int Path, int Other, long Offset, int Length, int Seed)
{
    public override string ToString() => $"new({nameof(ScriptAction)}.{Action}, {Path}, {Other}, {Offset}, {Length}, {Seed})";
}

/// <summary>
/// Runs scripted operations on a file system as a kernel would (look-ups, references, handles) and tells the outcome as a
/// text, so that two file systems can be compared step by step. Names come from a small pool, so that steps meet each other.
/// </summary>
public sealed class FileSystemScript(IFileSystem fs)
{
    private const int NameCount = 4;
    private const int Slots = 3;
    private static readonly Caller Owner = new(7, 8);

    private readonly (ulong Inode, ulong Handle)?[] _open = new (ulong, ulong)?[Slots];

    public IFileSystem FileSystem => fs;

    /// <summary>Runs a step and returns its outcome.</summary>
    public async Task<string> RunAsync(ScriptStep step)
    {
        var (parent, name, error) = await ResolveParentAsync(step.Path);
        if (error != FsError.None)
            return error.ToString();
        var outcome = step.Action switch
        {
            ScriptAction.Create => await CreateAsync(parent, name, step),
            ScriptAction.MakeDirectory => Taken(await fs.MakeDirectoryAsync(parent, name, 0x1ED | (uint)(step.Seed & 1) * 0x400, Owner, default)),
            ScriptAction.MakeSymbolicLink => Taken(await fs.MakeSymbolicLinkAsync(parent, name, Encoding.UTF8.GetBytes("target" + step.Seed), Owner, default)),
            ScriptAction.Unlink => (await fs.UnlinkAsync(parent, name, default)).ToString(),
            ScriptAction.RemoveDirectory => (await fs.RemoveDirectoryAsync(parent, name, default)).ToString(),
            ScriptAction.Link or ScriptAction.Rename or ScriptAction.Exchange or ScriptAction.RenameNoReplace or ScriptAction.LinkOpen =>
                await TwoPathsAsync(parent, name, step),
            ScriptAction.Sync => (await fs.SyncAsync(IFileSystem.RootInode, false, default)).ToString(),
            ScriptAction.OpenUnnamed => await OpenUnnamedAsync(parent, step),
            ScriptAction.WriteOpen or ScriptAction.ReadOpen or ScriptAction.Close => await OnSlotAsync(step),
            _ => await OnInodeAsync(parent, name, step),
        };
        ReleaseAll();
        return outcome;
    }

    /// <summary>Closes what is open, as an unmount does.</summary>
    public void CloseAll()
    {
        for (var i = 0; i < Slots; i++)
            CloseSlot(i);
    }

    /// <summary>Everything that is visible below the root, as a text.</summary>
    public async Task<string> DescribeAsync()
    {
        var text = new StringBuilder();
        await DescribeAsync(IFileSystem.RootInode, "", text);
        return text.ToString();
    }

    private readonly List<ulong> _references = [];

    private void ReleaseAll()
    {
        foreach (var inode in _references)
            fs.Forget(inode, 1);
        _references.Clear();
    }

    private string Taken(FsResult<Entry> result)
    {
        if (result.Succeeded)
            _references.Add(result.Value.Attributes.Inode);
        return result.Error.ToString();
    }

    private async Task<(ulong Parent, byte[] Name, FsError Error)> ResolveParentAsync(int path)
    {
        var parent = IFileSystem.RootInode;
        // Two thirds of all paths lie in the root, the others up to two folders below.
        for (var rest = path / NameCount; rest % 3 == 0 && rest > 0; rest /= 3)
        {
            var found = await fs.LookupAsync(parent, NameOf(rest / 3), default);
            if (!found.Succeeded)
                return (0, [], found.Error);
            _references.Add(found.Value.Attributes.Inode);
            parent = found.Value.Attributes.Inode;
            rest /= NameCount;
        }
        return (parent, NameOf(path), FsError.None);
    }

    private static byte[] NameOf(int number) => [(byte)('a' + number % NameCount)];

    private async Task<string> CreateAsync(ulong parent, byte[] name, ScriptStep step)
    {
        var created = await fs.CreateAsync(parent, name, 0x1A4, OpenOptions.Read | OpenOptions.Write | OpenOptions.Exclusive, Owner, default);
        if (created.Succeeded)
        {
            _references.Add(created.Value.Entry.Attributes.Inode);
            Keep(step, created.Value.Entry.Attributes.Inode, created.Value.Handle);
        }
        return created.Error.ToString();
    }

    private void Keep(ScriptStep step, ulong inode, ulong handle)
    {
        var slot = step.Seed % (Slots + 1);
        if (slot == Slots)
        {
            fs.Release(inode, handle);
            return;
        }
        CloseSlot(slot);
        _open[slot] = (inode, handle);
    }

    private void CloseSlot(int slot)
    {
        if (_open[slot] is { } open)
            fs.Release(open.Inode, open.Handle);
        _open[slot] = null;
    }

    private async Task<string> OpenUnnamedAsync(ulong parent, ScriptStep step)
    {
        var created = await fs.CreateUnnamedAsync(parent, 0x180, OpenOptions.Read | OpenOptions.Write, Owner, default);
        if (created.Succeeded)
        {
            _references.Add(created.Value.Entry.Attributes.Inode);
            Keep(step, created.Value.Entry.Attributes.Inode, created.Value.Handle);
        }
        return created.Error.ToString();
    }

    private async Task<string> TwoPathsAsync(ulong parent, byte[] name, ScriptStep step)
    {
        if (step.Action == ScriptAction.LinkOpen)
        {
            return _open[step.Seed % Slots] is { } open && (await fs.GetAttributesAsync(open.Inode, default)).Value.LinkCount == 0
                ? Taken(await fs.LinkAsync(open.Inode, parent, name, default)) : "skipped";
        }
        var (otherParent, otherName, error) = await ResolveParentAsync(step.Other);
        if (error != FsError.None)
            return "other " + error;
        if (step.Action == ScriptAction.Link)
        {
            var found = await fs.LookupAsync(parent, name, default);
            if (Taken(found) != nameof(FsError.None))
                return found.Error.ToString();
            return Taken(await fs.LinkAsync(found.Value.Attributes.Inode, otherParent, otherName, default));
        }
        var options = step.Action == ScriptAction.Exchange ? RenameOptions.Exchange :
            step.Action == ScriptAction.RenameNoReplace ? RenameOptions.NoReplace : RenameOptions.None;
        return (await fs.RenameAsync(parent, name, otherParent, otherName, options, default)).ToString();
    }

    private async Task<string> OnSlotAsync(ScriptStep step)
    {
        if (_open[step.Path % Slots] is not { } open)
            return "skipped";
        switch (step.Action)
        {
            case ScriptAction.WriteOpen:
                return (await fs.WriteAsync(open.Inode, open.Handle, step.Offset, Content(step), WriteOptions.None, default)).Error.ToString();
            case ScriptAction.ReadOpen:
                return await ReadAsync(open.Inode, open.Handle, step.Offset, step.Length);
            default:
                CloseSlot(step.Path % Slots);
                return "closed";
        }
    }

    private async Task<string> OnInodeAsync(ulong parent, byte[] name, ScriptStep step)
    {
        var found = await fs.LookupAsync(parent, name, default);
        if (Taken(found) != nameof(FsError.None))
            return found.Error.ToString();
        var inode = found.Value.Attributes.Inode;
        var type = found.Value.Attributes.Mode & 0xF000;
        switch (step.Action)
        {
            case ScriptAction.SetMode:
                return (await fs.SetAttributesAsync(inode, new AttributeChange { Mode = (uint)step.Seed & 0xFFF }, default)).Error.ToString();
            case ScriptAction.SetAttribute when type is not (0x4000 or 0x8000):
                return "skipped";
            case ScriptAction.SetAttribute:
                return (await fs.SetExtendedAttributeAsync(inode, AttributeName(step), Content(step with { Length = step.Length % 100 }), (ExtendedAttributeOptions)(step.Path % 3), default)).ToString();
            case ScriptAction.RemoveAttribute:
                return (await fs.RemoveExtendedAttributeAsync(inode, AttributeName(step), default)).ToString();
            case ScriptAction.List:
                return type == 0x4000 ? string.Join(' ', (await ListAsync(inode)).Select(e => e.Name)) : "skipped";
        }
        return type == 0x8000 ? await OnFileAsync(inode, step) : "skipped";
    }

    private static byte[] AttributeName(ScriptStep step) => Encoding.UTF8.GetBytes("user." + (char)('a' + step.Seed % 3));

    private async Task<string> OnFileAsync(ulong inode, ScriptStep step)
    {
        var options = OpenOptions.Read | OpenOptions.Write | (step.Action == ScriptAction.OpenTruncated ? OpenOptions.Truncate : 0);
        var opened = await fs.OpenAsync(inode, options, default);
        if (!opened.Succeeded)
            return opened.Error.ToString();
        var handle = opened.Value.Handle;
        if (step.Action is ScriptAction.Open or ScriptAction.OpenTruncated)
        {
            Keep(step, inode, handle);
            return "opened";
        }
        var outcome = step.Action switch
        {
            ScriptAction.Write => (await fs.WriteAsync(inode, handle, step.Offset, Content(step), WriteOptions.None, default)).Error.ToString(),
            ScriptAction.Read => await ReadAsync(inode, handle, step.Offset, step.Length),
            ScriptAction.Truncate => (await fs.SetAttributesAsync(inode, new AttributeChange { Size = step.Offset }, default)).Value.Size.ToString(),
            ScriptAction.PunchHole => (await fs.AllocateAsync(inode, handle, step.Offset, step.Length, AllocateOptions.PunchHole | AllocateOptions.KeepSize, default)).ToString(),
            ScriptAction.ZeroRange => (await fs.AllocateAsync(inode, handle, step.Offset, step.Length, AllocateOptions.ZeroRange, default)).ToString(),
            ScriptAction.Allocate => (await fs.AllocateAsync(inode, handle, step.Offset, step.Length, AllocateOptions.None, default)).ToString(),
            ScriptAction.CopyRange => await CopyAsync(inode, handle, step),
            _ => throw new InvalidOperationException(step.ToString()),
        };
        fs.Release(inode, handle);
        return outcome;
    }

    private async Task<string> CopyAsync(ulong inode, ulong handle, ScriptStep step)
    {
        var (source, sourceHandle) = _open[step.Other % Slots] ?? (inode, handle);
        var result = await fs.CopyRangeAsync(source, sourceHandle, step.Offset, inode, handle, (step.Offset * 7 + step.Seed) % (2 << 20), step.Length, default);
        return result.Succeeded ? result.Value.ToString() : result.Error.ToString();
    }

    private async Task<string> ReadAsync(ulong inode, ulong handle, long offset, int length)
    {
        var buffer = new byte[length];
        buffer.AsSpan().Fill(0xEE);
        var read = await fs.ReadAsync(inode, handle, offset, buffer, default);
        return read.Succeeded ? $"{read.Value} {Convert.ToHexString(SHA256.HashData(buffer.AsSpan(0, read.Value)), 0, 8)}" : read.Error.ToString();
    }

    private static byte[] Content(ScriptStep step)
    {
        var data = new byte[step.Length];
        new Random(step.Seed).NextBytes(data);
        return data;
    }

    private async Task<List<(string Name, ulong Inode)>> ListAsync(ulong inode)
    {
        var handle = await fs.OpenDirectoryAsync(inode, default);
        var entries = new List<(string Name, ulong Inode)>();
        var sink = new Sink(entries);
        int before;
        do
        {
            before = sink.Total;
            sink.Room = 3;
            await fs.ReadDirectoryAsync(inode, handle.Value, sink.Cookie, false, sink, default);
        }
        while (sink.Total > before);
        fs.ReleaseDirectory(inode, handle.Value);
        entries.Sort();
        return entries;
    }

    private async Task DescribeAsync(ulong inode, string path, StringBuilder text)
    {
        var a = (await fs.GetAttributesAsync(inode, default)).Value;
        var names = (await fs.ListExtendedAttributesAsync(inode, default)).Value;
        text.Append($"{path}/ mode {Convert.ToString(a.Mode, 8)} links {a.LinkCount} owner {a.Uid}:{a.Gid}");
        if ((a.Mode & 0xF000) == 0x8000)
            text.Append($" size {a.Size} data {await HashAsync(inode, a.Size)}");
        if ((a.Mode & 0xF000) == 0xA000)
            text.Append(" to " + Encoding.UTF8.GetString((await fs.ReadLinkAsync(inode, default)).Value.Span));
        foreach (var name in Encoding.UTF8.GetString(names.Span).Split('\0', StringSplitOptions.RemoveEmptyEntries).Order())
            text.Append($" {name}={Convert.ToHexString((await fs.GetExtendedAttributeAsync(inode, Encoding.UTF8.GetBytes(name), default)).Value.Span)}");
        text.Append('\n');
        if ((a.Mode & 0xF000) != 0x4000)
            return;
        foreach (var (name, _) in await ListAsync(inode))
        {
            if (name is "." or "..")
                continue;
            var found = await fs.LookupAsync(inode, Encoding.UTF8.GetBytes(name), default);
            if (!found.Succeeded)
                throw new InvalidOperationException($"{path}/{name} is listed but not found: {found.Error}");
            await DescribeAsync(found.Value.Attributes.Inode, path + "/" + name, text);
            fs.Forget(found.Value.Attributes.Inode, 1);
        }
    }

    private async Task<string> HashAsync(ulong inode, long size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var opened = await fs.OpenAsync(inode, OpenOptions.Read, default);
        var buffer = new byte[700_001];
        for (long offset = 0; offset < size;)
        {
            var read = await fs.ReadAsync(inode, opened.Value.Handle, offset, buffer, default);
            if (!read.Succeeded || read.Value == 0)
                return $"unreadable at {offset}: {read.Error}";
            hash.AppendData(buffer, 0, read.Value);
            offset += read.Value;
        }
        fs.Release(inode, opened.Value.Handle);
        return Convert.ToHexString(hash.GetHashAndReset(), 0, 8);
    }

    private sealed class Sink(List<(string Name, ulong Inode)> entries) : IDirectorySink
    {
        public ulong Cookie { get; private set; }

        public int Room { get; set; }

        public int Total { get; private set; }

        public bool TryAdd(ReadOnlySpan<byte> name, ulong cookie, in Entry entry)
        {
            if (Room-- <= 0)
                return false;
            entries.Add((Encoding.UTF8.GetString(name), entry.Attributes.Inode));
            Cookie = cookie;
            Total++;
            return true;
        }
    }
}
