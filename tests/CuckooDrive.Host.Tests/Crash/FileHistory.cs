namespace CuckooDrive.Host.Tests.Crash;

/// <summary>
/// What one file may hold after a crash: what was durable, and everything written since. Lengths and places count cells of
/// <see cref="TaggedContent"/>. Used by one thread at a time.
/// </summary>
internal sealed class FileHistory(uint id)
{
    private readonly List<Change> _changes = [];
    private uint[] _durable = [];
    private uint _lastVersion;

    private readonly record struct Change(uint Version, int From, int To)
    {
        public bool IsCut => Version == 0;
    }

    public uint Id => id;

    /// <summary>As the programs see it now.</summary>
    public int Length { get; private set; }

    private int Shortest { get; set; }

    private int Longest { get; set; }

    /// <summary>To be called before a write is issued: a crash may come at any moment of it.</summary>
    /// <returns>The version to write.</returns>
    public uint Write(int from, int to)
    {
        _changes.Add(new Change(++_lastVersion, from, to));
        SetLength(Math.Max(Length, to));
        return _lastVersion;
    }

    /// <summary>To be called before the file is made shorter.</summary>
    public void Cut(int length)
    {
        _changes.Add(new Change(0, length, int.MaxValue));
        SetLength(length);
    }

    /// <summary>All that happened before is durable: an fsync that began after it has returned.</summary>
    public void MarkDurable()
    {
        var content = _durable;
        foreach (var change in _changes)
        {
            if (change.IsCut)
            {
                Array.Resize(ref content, Math.Min(content.Length, change.From));
                continue;
            }
            if (content.Length < change.To)
                Array.Resize(ref content, change.To);
            content.AsSpan(change.From, change.To - change.From).Fill(change.Version);
        }
        Settle(content);
    }

    /// <summary>
    /// Compares with what the crash left, and takes that as the new durable state. Null, or what is wrong in one sentence.
    /// </summary>
    public string? Check(ReadOnlySpan<byte> content)
    {
        var found = content.Length / TaggedContent.Cell;
        if (content.Length % TaggedContent.Cell != 0 || found < Shortest || found > Longest)
            return $"file {id} has {content.Length} bytes; {Shortest} to {Longest} cells of {TaggedContent.Cell} are possible";
        var versions = new uint[found];
        for (var cell = 0; cell < found; cell++)
        {
            var bytes = content.Slice(cell * TaggedContent.Cell, TaggedContent.Cell);
            if (TaggedContent.VersionOf(bytes, cell, id) is not { } version || !IsPossible(version, cell))
                return $"file {id} holds {TaggedContent.Describe(bytes)} in cell {cell} of {found}; possible is {DescribePossible(cell)}";
            versions[cell] = version;
        }
        Settle(versions);
        return null;
    }

    /// <summary>Whether the crash may have left nothing of the content.</summary>
    public bool MayBeEmpty => Shortest == 0;

    private void SetLength(int length)
    {
        Length = length;
        Shortest = Math.Min(Shortest, length);
        Longest = Math.Max(Longest, length);
    }

    private void Settle(uint[] content)
    {
        _durable = content;
        _changes.Clear();
        Length = Shortest = Longest = content.Length;
    }

    private bool IsPossible(uint version, int cell)
    {
        if (cell < _durable.Length && _durable[cell] == version)
            return true;
        foreach (var change in _changes)
        {
            if (change.Version == version && !change.IsCut && cell >= change.From && cell < change.To)
                return true;
        }
        return false;
    }

    private string DescribePossible(int cell)
    {
        var durable = cell < _durable.Length ? $"version {_durable[cell]} (durable)" : "the end of the file (durable)";
        var later = _changes.Where(change => !change.IsCut && cell >= change.From && cell < change.To).Select(change => $", {change.Version}");
        return durable + string.Concat(later);
    }
}
