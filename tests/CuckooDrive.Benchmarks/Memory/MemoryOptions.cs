namespace CuckooDrive.Benchmarks.Memory;

/// <summary>How much memory is looked for.</summary>
internal sealed record MemoryOptions
{
    /// <summary>Copied in and read back; 0 for none.</summary>
    public double Gibibytes { get; init; } = 10;

    /// <summary>Made and walked on a new mount; 0 for none.</summary>
    public int Files { get; init; } = 1_000_000;

    /// <summary>Of mixed load at the end; 0 for none.</summary>
    public double Minutes { get; init; }

    /// <summary>The largest resident set allowed, in MiB.</summary>
    public int LimitMebibytes { get; init; } = 400;

    /// <summary>The folder to work in; null for the temporary folder.</summary>
    public string? At { get; init; }

    /// <summary>
    /// The data twice over with redundancy, local copies of it, and metadata. Not taken from the memory: figures of memory
    /// would mean less.
    /// </summary>
    public long BytesNeeded => (long)(3 * Gibibytes * (1 << 30)) + Files * 2048L + (Minutes > 0 ? 8L << 30 : 1L << 30);
}
