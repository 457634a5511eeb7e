using CuckooDrive.Benchmarks.Subjects;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>What to measure.</summary>
internal sealed record MountedOptions
{
    /// <summary>Repetitions of everything.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>The part of the full amount of work: 1 is 1 GiB, 5,000 files and a tree of 3,200 files.</summary>
    public double Scale { get; init; } = 1;

    public IReadOnlyList<string> Subjects { get; init; } = SubjectCatalog.Names;

    /// <summary>Rows by id, or groups by name; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The folder to work in; null for a disk in memory where there is room.</summary>
    public string? At { get; init; }

    /// <summary>Where the figures are written as JSON; null for nowhere.</summary>
    public string? Json { get; init; }

    public long LargeBytes => Math.Max(16, (long)(1024 * Scale)) << 20;

    public int Files => Scaled(5000, 200);

    public int TreeFiles => Scaled(3200, 100);

    public int PagesRead => Scaled(20_000, 500);

    public int PagesWritten => Scaled(65_536, 1000);

    public int PagesFlushed => Scaled(1000, 50);

    /// <summary>Room for the largest thing at once: a drive with redundancy, its local copy and the rewritten pages.</summary>
    public long BytesNeeded => 7 * LargeBytes + (512L << 20);

    public bool Wants(Row row) => Only.Count == 0 || Only.Contains(row.Id) || Only.Contains(row.Group);

    private int Scaled(int full, int least) => Math.Max(least, (int)(full * Scale));
}
