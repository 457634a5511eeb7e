namespace CuckooDrive.Clouds;

/// <summary>What a provider declares it can do; never guessed or probed by exception.</summary>
public sealed record CloudCapabilities
{
    /// <summary>Exactly one of several racing writers of a name succeeds.</summary>
    public bool CreateOnce { get; init; }

    /// <summary>A part of an object can be read without transferring what lies before it.</summary>
    public bool RangeRead { get; init; }

    /// <summary>A list shows every object whose write has completed.</summary>
    public bool ConsistentList { get; init; }

    /// <summary><see cref="ICloudStorage.MoveAsync"/> works.</summary>
    public bool Move { get; init; }

    /// <summary><see cref="ICloudStorage.GetQuotaAsync"/> tells the free space.</summary>
    public bool Quota { get; init; }

    /// <summary>The hash that the provider reports for each object.</summary>
    public CloudHashKind Hash { get; init; }

    /// <summary>
    /// A write fails when what arrived is not what was sent: the provider compares hashes by itself, so that
    /// <see cref="Decorators.IntegrityStorage"/> has nothing to add.
    /// </summary>
    public bool ComparesHash { get; init; }

    /// <summary>The largest object in bytes.</summary>
    public long MaximumObjectSize { get; init; } = long.MaxValue;

    /// <summary>How many writes one account takes at once without being throttled; 0 where there is no known limit.</summary>
    public int ParallelWrites { get; init; }

    /// <summary>
    /// Two accounts with the same failure domain are likely to be lost together (the provider's name, or a host, or the
    /// disk of a folder). Placement counts losses by domain.
    /// </summary>
    public string FailureDomain { get; init; } = "";

    /// <summary>
    /// Storages with the same name here share their free space (folders on one disk), so that it must not be counted
    /// twice; empty where the space is the account's own.
    /// </summary>
    public string SpacePool { get; init; } = "";
}

/// <summary>Kinds of content hash that providers report.</summary>
public enum CloudHashKind
{
    None,
    Md5,
    Sha1,
    Sha256,
    DropboxContentHash,
    QuickXor,
}
