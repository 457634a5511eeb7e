using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>What a drive needs from the program around it.</summary>
public sealed record DriveServices
{
    /// <summary>Opens clouds by address; a drive owns and disposes those it opens.</summary>
    public required CloudRegistry Clouds { get; init; }

    public required ILoggerFactory Loggers { get; init; }

    /// <summary>How clouds are retried, timed out and limited; tests make it quick.</summary>
    public ResilientCloudOptions Resilience { get; init; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A cloud as the user names it.</summary>
/// <param name="Address">Its address, for example <c>file:///mnt/nas/cuckoo</c>.</param>
public sealed record CloudChoice(string Address)
{
    /// <summary>What to call it in messages; made from the address when null.</summary>
    public string? Name { get; init; }

    /// <summary>Clouds of one failure domain count as one loss; the provider's own notion when null.</summary>
    public string? FailureDomain { get; init; }

    /// <summary>The most that this drive may store there, in bytes; no limit of our own when null.</summary>
    public long? Capacity { get; init; }

    /// <summary>
    /// The secrets of the account, if it needs any. Kept sealed in this machine's state of the drive, where the provider
    /// renews what it renews; other machines do not get them.
    /// </summary>
    public CloudCredential? Credential { get; init; }
}

public sealed record CreateDriveOptions
{
    /// <summary>What the user calls the drive; kept in its header's metadata on this machine only.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<CloudChoice> Clouds { get; init; }

    /// <summary>How many clouds may be lost; as many as sensible when null (1 cloud: 0, 2 to 4: 1, 5 and more: 2).</summary>
    public int? Survive { get; init; }

    /// <summary>How this machine is called in the drive's records; "" for none.</summary>
    public string DeviceName { get; init; } = "";

    /// <summary>What a guess at the passphrase costs; only tests make it cheap.</summary>
    public Argon2Cost PassphraseCost { get; init; } = Argon2Cost.Default;

    /// <summary>What to call the first key; the clouds do not see it.</summary>
    public string KeyLabel { get; init; } = "first";
}

public sealed record AttachDriveOptions
{
    public required string Name { get; init; }

    /// <summary>Enough of the drive's clouds, in any order, under addresses that work on this machine.</summary>
    public required IReadOnlyList<CloudChoice> Clouds { get; init; }

    public string DeviceName { get; init; } = "";

    /// <summary>A cloud that takes longer for one step counts as not answering.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Bring back the newest state that is complete, although later changes are known to be lost with clouds that are missing.
    /// </summary>
    public bool AcceptLoss { get; init; }
}

/// <summary>What came to light while a drive was attached.</summary>
/// <param name="Warnings">One sentence each: clouds that are away, behind, or returned damaged objects.</param>
/// <param name="Updated">When the state that was brought back was written, by its writer's clock.</param>
public sealed record AttachReport(IReadOnlyList<string> Warnings, DateTimeOffset Updated);

/// <summary>When fsync returns.</summary>
public enum Durability
{
    /// <summary>Data and metadata are on this machine's disk.</summary>
    Local,
    /// <summary>They are on enough clouds to survive the promised loss.</summary>
    Cloud,
}

/// <summary>Changes to the options of the layers below, for experiments, measurements and tests.</summary>
public sealed record DriveTuning
{
    public Func<ChunkStoreOptions, ChunkStoreOptions> Chunks { get; init; } = options => options;

    public Func<VolumeOptions, VolumeOptions> Volume { get; init; } = options => options;
}

public sealed record OpenDriveOptions
{
    /// <summary>Nothing is changed, neither here nor at the clouds.</summary>
    public bool ReadOnly { get; init; }

    public Durability Durability { get; init; } = Durability.Local;

    /// <summary>Bytes of local disk for what is not yet on the clouds.</summary>
    public long StagingLimit { get; init; } = 8L << 30;

    /// <summary>Bytes of local disk for copies of what is on the clouds, encrypted as there.</summary>
    public long DiskCacheLimit { get; init; } = 4L << 30;

    /// <summary>Bytes of memory for decrypted chunks. Not many: the kernel keeps what was read as well.</summary>
    public long MemoryCacheLimit { get; init; } = 48L << 20;

    /// <summary>The longest that changes wait before they are sent to the clouds.</summary>
    public TimeSpan JournalInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Owner of the root directory, when the drive is opened for the first time.</summary>
    public Caller RootOwner { get; init; }

    /// <summary>Finer settings of the layers below.</summary>
    public DriveTuning Tuning { get; init; } = new();

    /// <summary>The longest that closing the drive may wait for clouds.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
