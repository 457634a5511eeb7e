namespace CuckooDrive.Core.Volume;

/// <summary>
/// Ranges of a file that a write from the kernel's page cache, or a change of size, has left out behind the file's end. The kernel
/// sends its pages in no certain order, several requests at once, and a change of size at once: they may be holes, or data that is
/// still to come. Until that is known the file is recorded only up to the first of them, so that a crash leaves it shorter and never
/// with zeros. Guarded by the volume's gate.
/// </summary>
internal sealed class AwaitedRanges
{
    private readonly List<(long From, long To, long Since)> _ranges = [];

    /// <summary>When the last range was added, as a time stamp of the volume's clock.</summary>
    public long Since { get; private set; }

    public bool IsEmpty => _ranges.Count == 0;

    /// <summary>Where the first one begins. Not when empty.</summary>
    public long First => _ranges[0].From;

    /// <summary>Adds a range behind all others.</summary>
    public void Add(long from, long to, long now)
    {
        _ranges.Add((from, to, now));
        Since = now;
    }

    /// <summary>What was added until then has turned out to be holes.</summary>
    public void RemoveUntil(long time) => _ranges.RemoveAll(range => range.Since <= time);

    /// <summary>Data has come for [from, to), or the file has been cut there.</summary>
    public void Remove(long from, long to)
    {
        for (var i = _ranges.Count - 1; i >= 0; i--)
        {
            var range = _ranges[i];
            if (range.To <= from || range.From >= to)
                continue;
            _ranges.RemoveAt(i);
            if (range.To > to)
                _ranges.Insert(i, (to, range.To, range.Since));
            if (range.From < from)
                _ranges.Insert(i, (range.From, from, range.Since));
        }
    }
}
