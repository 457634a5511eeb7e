using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Conformance;

namespace CuckooDrive.Host.Output;

/// <summary>What `cuckoo storage ls --json` prints. Members may be added, never renamed.</summary>
internal sealed record StorageListOutput(string Address, IReadOnlyList<StorageObjectOutput> Objects)
{
    public static StorageListOutput From(string address, IReadOnlyList<CloudObject> objects) =>
        new(address, [.. objects.Select(each => StorageObjectOutput.From(each, null))]);
}

/// <param name="Name">Below the address.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Modified">Null where the provider does not say.</param>
/// <param name="Hash">As the provider prints it; null where there is none.</param>
/// <param name="HashKind">Which hash it is; null where it was not asked for.</param>
internal sealed record StorageObjectOutput(string Name, long Length, DateTimeOffset? Modified, string? Hash, string? HashKind)
{
    public static StorageObjectOutput From(CloudObject found, CloudHashKind? kind) => new(
        found.Name, found.Length, found.Modified, found.Hash,
        kind is { } known && found.Hash is not null ? StorageCapabilitiesOutput.NameOf(known) : null);
}

/// <summary>Bytes; null where the provider does not say.</summary>
internal sealed record StorageQuotaOutput(string Address, long? Total, long? Used, long? Free);

/// <summary>What `cuckoo storage check --json` prints.</summary>
internal sealed record StorageCheckOutput
{
    public required string Address { get; init; }

    public required int Passed { get; init; }

    public required int Failed { get; init; }

    public required int Skipped { get; init; }

    public required IReadOnlyList<StorageCheckResult> Checks { get; init; }

    public required StorageCapabilitiesOutput Capabilities { get; init; }

    /// <summary>Null when it could not be measured.</summary>
    public StorageSpeedOutput? Speed { get; init; }
}

/// <param name="Name">What is promised.</param>
/// <param name="Outcome">passed, failed or skipped.</param>
/// <param name="Reason">Why it failed or was skipped.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record StorageCheckResult(string Name, ConformanceOutcome Outcome, string? Reason, double Seconds)
{
    public static StorageCheckResult From(ConformanceResult result) =>
        new(result.Check.Name, result.Outcome, result.Reason, Math.Round(result.Duration.TotalSeconds, 3));
}

/// <summary>Medians of small requests in milliseconds, and bytes a second of one stream.</summary>
internal sealed record StorageSpeedOutput(
    double WriteMilliseconds, double StatMilliseconds, double ReadMilliseconds, double DeleteMilliseconds, double UploadRate, double DownloadRate);

/// <summary>What a provider declares.</summary>
internal sealed record StorageCapabilitiesOutput(
    bool CreateOnce, bool RangeRead, bool ConsistentList, bool Move, bool Quota, string Hash, long? MaximumObjectSize, int? ParallelWrites, string FailureDomain)
{
    public static StorageCapabilitiesOutput From(CloudCapabilities has) => new(
        has.CreateOnce, has.RangeRead, has.ConsistentList, has.Move, has.Quota, NameOf(has.Hash),
        has.MaximumObjectSize == long.MaxValue ? null : has.MaximumObjectSize,
        has.ParallelWrites == 0 ? null : has.ParallelWrites,
        has.FailureDomain);

    public static string NameOf(CloudHashKind kind) => kind switch
    {
        CloudHashKind.None => "none",
        CloudHashKind.Md5 => "md5",
        CloudHashKind.Sha1 => "sha1",
        CloudHashKind.Sha256 => "sha256",
        CloudHashKind.DropboxContentHash => "dropbox-content-hash",
        CloudHashKind.QuickXor => "quickxor",
        _ => kind.ToString(),
    };
}
