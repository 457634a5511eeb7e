using CuckooDrive.Benchmarks.Mounted;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>The lines of the report, with what is asked of the ratio between the drive and what it is compared with.</summary>
internal static class CloudRows
{
    public const string Drive = "cuckoo";
    public const string Rclone = "rclone";

    /// <summary>One round trip and one range request, by an HTTP client over the same line.</summary>
    public const string Request = "requests";

    public static readonly Row CopyIn = new("copy-in", "clouds", "copy a large file in, until protected", "MB/s") { HigherIsBetter = true, Target = 2.5 };

    public static readonly Row CopyOut = new("copy-out", "clouds", "copy it out, cold", "MB/s") { HigherIsBetter = true, Target = 2.5 };

    public static readonly Row Small = new("small-in", "clouds", "copy files of 4 KiB in, until protected", "files/s") { HigherIsBetter = true, Target = 20 };

    public static readonly Row FirstByte = new("first-byte", "clouds", "first byte of a cold file", "ms") { Target = 1 / 1.3 };

    public static readonly IReadOnlyList<Row> All = [CopyIn, CopyOut, Small, FirstByte];

    /// <summary>What a row is compared with.</summary>
    public static string PeerOf(Row row) => row == FirstByte ? Request : Rclone;
}
