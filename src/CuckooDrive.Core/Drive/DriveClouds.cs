using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>The clouds of an open drive, each with retries, time-outs and a check of its identity. Owns the storages. Thread safe.</summary>
internal sealed class DriveClouds : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private volatile CloudRecord[] _records;
    private volatile CloudMember[] _members = [];

    private DriveClouds(IEnumerable<CloudRecord> records) => _records = [.. records];

    /// <summary>All that were ever part of the drive.</summary>
    public IReadOnlyList<CloudRecord> Records => _records;

    /// <summary>All but the removed ones.</summary>
    public IReadOnlyList<CloudMember> Members => _members;

    /// <param name="stateDirectory">Where the clouds' secrets lie.</param>
    public static DriveClouds Open(IReadOnlyList<CloudRecord> records, ObjectSealer sealer, string stateDirectory, DriveServices services)
    {
        var clouds = new DriveClouds(records);
        var credentials = new DriveCredentials(stateDirectory, sealer, services.Time);
        var members = new List<CloudMember>();
        foreach (var record in records)
        {
            if (record.State == CloudMemberState.Removed)
                continue;
            members.Add(MakeMember(record, OpenStorage(record, credentials.For(record.Id), services), sealer));
        }
        clouds._members = [.. members];
        return clouds;
    }

    /// <summary>Takes in a cloud whose record is committed, and its storage.</summary>
    public CloudMember Add(CloudRecord record, ICloudStorage storage, ObjectSealer sealer)
    {
        var member = MakeMember(record, storage, sealer);
        lock (_gate)
        {
            _records = [.. _records, record];
            _members = [.. _members, member];
        }
        return member;
    }

    /// <summary>A storage with the standard stack; the caller disposes it, while its secrets' store still works.</summary>
    /// <exception cref="CloudException"><see cref="CloudErrorKind.InvalidAddress"/>.</exception>
    public static ICloudStorage Open(string address, ICredentialStore credentials, DriveServices services, bool createRoot)
    {
        var options = new CloudOpenOptions
        {
            CreateRoot = createRoot,
            Credentials = credentials,
            Time = services.Time,
            LoggerFactory = services.Loggers,
        };
        var resilience = services.Resilience with { Time = services.Time, Logger = services.Loggers.CreateLogger("CuckooDrive.Clouds") };
        return ResilientCloud.Wrap(services.Clouds.Open(address, options), resilience);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
            await member.Storage.DisposeAsync().ConfigureAwait(false);
    }

    private static CloudMember MakeMember(CloudRecord record, ICloudStorage storage, ObjectSealer sealer) => new(
        record.Id, record.Name, new VerifiedCloud(storage, record, sealer), record.FailureDomain, record.CapacityLimit, record.State);

    private static ICloudStorage OpenStorage(CloudRecord record, ICredentialStore credentials, DriveServices services)
    {
        try
        {
            return Open(record.Address, credentials, services, createRoot: false);
        }
        catch (CloudException exception)
        {
            return new UnusableCloud(record.Address, record.FailureDomain, exception);
        }
    }
}

/// <summary>Counts clouds in the way that matters for losses: by failure domain.</summary>
internal static class Quorum
{
    /// <summary>Whether what lies on these clouds survives the loss of any <paramref name="losses"/> domains.</summary>
    public static bool Survives(IEnumerable<string> domains, int losses) =>
        domains.Distinct(StringComparer.Ordinal).Count() > losses;
}
