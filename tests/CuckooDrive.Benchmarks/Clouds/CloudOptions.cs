using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>What to measure of a drive over clouds that are far away.</summary>
internal sealed record CloudOptions
{
    /// <summary>Clouds of the drive; any one may be lost.</summary>
    public const int Clouds = 4;

    public const int FilesPerFolder = 100;

    /// <summary>Cold files whose first byte is read in each round.</summary>
    public const int ColdFiles = 5;

    private const double Megabyte = 1e6;

    /// <summary>Repetitions of everything.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>The part of the full amount of work: 1 is 1 GiB and 5,000 files.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>In milliseconds, to each cloud.</summary>
    public double RoundTrip { get; init; } = 50;

    /// <summary>In MB/s, of each cloud in each direction.</summary>
    public double Rate { get; init; } = 20;

    /// <summary>Rows by id; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The folder to work in; null for a disk in memory where there is room.</summary>
    public string? At { get; init; }

    public long LargeBytes => Math.Max(32, (long)(1024 * Scale)) << 20;

    public int Files => Math.Max(200, (int)(5000 * Scale));

    /// <summary>The original, two copies back, the drive's shards and local copy, rclone's copy.</summary>
    public long BytesNeeded => 7 * LargeBytes + (512L << 20);

    public LineShape Line => new(TimeSpan.FromMilliseconds(RoundTrip), (long)(Rate * Megabyte));

    public bool Wants(Mounted.Row row) => Only.Count == 0 || Only.Contains(row.Id);
}
