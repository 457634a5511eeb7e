using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>A cloud that is prepared to be a drive's, and not yet one.</summary>
/// <param name="Storage">Owned by whoever has the candidate.</param>
internal sealed record CloudCandidate(CloudRecord Record, ICloudStorage Storage);

/// <summary>
/// Prepares a place to become a cloud of an existing drive: secrets into the local state, then member, lease and header
/// objects. None of these counts before the drive has a record of the cloud, so a crash leaves at most an unused member object,
/// which the next attempt recognises as the drive's own.
/// </summary>
internal sealed class CloudAdder(
    IReadOnlyList<CloudRecord> records, DriveKeys keys, DeviceIdentity identity, ulong epoch, string stateDirectory, DriveServices services)
{
    private readonly ObjectSealer _sealer = new(keys);

    /// <summary>The result's storage is the caller's to dispose.</summary>
    public async Task<CloudCandidate> PrepareAsync(CloudChoice choice, CancellationToken cancellationToken)
    {
        CheckAddress(choice.Address);
        var credential = new UnsettledCredentialStore(choice.Credential);
        var storage = DriveClouds.Open(choice.Address, credential, services, createRoot: true);
        try
        {
            var leftover = await ExamineAsync(storage, cancellationToken).ConfigureAwait(false);
            var record = MakeRecord(choice, storage, leftover);
            await credential.SettleAsync(new DriveCredentials(stateDirectory, _sealer, services.Time).For(record.Id), cancellationToken).ConfigureAwait(false);
            if (leftover?.Cloud != record.Id)
                await WriteAsync(storage, ObjectNames.Member(record.Id), MemberObjects.Seal(_sealer, record), cancellationToken).ConfigureAwait(false);
            await WriteLeaseAsync(storage, cancellationToken).ConfigureAwait(false);
            await HeaderObjects.SynchronizeAsync(storage, stateDirectory, keys, cancellationToken).ConfigureAwait(false);
            return new CloudCandidate(record, storage);
        }
        catch
        {
            await storage.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void CheckAddress(string address)
    {
        if (records.FirstOrDefault(record => record.Address.TrimEnd('/') == address.TrimEnd('/')) is { } same)
            throw new DriveException(DriveErrorKind.AlreadyExists, $"{address} is the drive's cloud '{same.Name}' already; add another place.");
    }

    /// <summary>
    /// Lets an empty place pass, and one with nothing but what an earlier attempt for this drive has left: that attempt's member
    /// is returned.
    /// </summary>
    private async Task<Member?> ExamineAsync(ICloudStorage storage, CancellationToken cancellationToken)
    {
        foreach (var prefix in new[] { ObjectNames.ShardPrefix, ObjectNames.JournalPrefix, ObjectNames.RootPrefix })
        {
            await foreach (var _ in storage.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
                throw await DescribeAsync(storage, cancellationToken).ConfigureAwait(false);
        }
        foreach (var name in await CloudObjects.ListAsync(storage, ObjectNames.HeaderPrefix, cancellationToken).ConfigureAwait(false))
        {
            var bytes = await CloudObjects.ReadAsync(storage, name, DriveHeader.MaximumEncodedLength + 1, cancellationToken).ConfigureAwait(false);
            if (!DriveHeader.TryDecode(bytes, out var header, out _) || !header.IsAuthentic(keys))
                throw Foreign(storage);
        }
        Member? leftover = null;
        foreach (var (name, member) in await ReadMembersAsync(storage, cancellationToken).ConfigureAwait(false))
        {
            if (member is null)
                throw Foreign(storage);
            if (Find(member) is { } known)
                throw AlreadyMember(storage, known);
            // Two of them would leave it open which cloud this is.
            if (member.Cloud != NextId || leftover is not null)
                await storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
            else
                leftover = member;
        }
        return leftover;
    }

    private async Task<DriveException> DescribeAsync(ICloudStorage storage, CancellationToken cancellationToken)
    {
        foreach (var (_, member) in await ReadMembersAsync(storage, cancellationToken).ConfigureAwait(false))
        {
            if (member is not null && Find(member) is { } known)
                return AlreadyMember(storage, known);
            if (member is not null)
                return new DriveException(DriveErrorKind.AlreadyExists,
                    $"The cloud {storage.Address} holds objects of this drive from a time that the drive does not remember; empty it first, or add another place.");
        }
        return Foreign(storage);
    }

    /// <summary>Every member object; null where it is not of this drive.</summary>
    private async Task<List<(string Name, Member? Member)>> ReadMembersAsync(ICloudStorage storage, CancellationToken cancellationToken)
    {
        var members = new List<(string, Member?)>();
        foreach (var name in await CloudObjects.ListAsync(storage, ObjectNames.MemberPrefix, cancellationToken).ConfigureAwait(false))
        {
            var bytes = await CloudObjects.ReadAsync(storage, name, CloudObjects.SmallLimit, cancellationToken).ConfigureAwait(false);
            var isOurs = ObjectNames.TryParseMember(name, out var cloud) & MemberObjects.TryOpen(_sealer, cloud, bytes, out var member);
            members.Add((name, isOurs ? member : null));
        }
        return members;
    }

    private CloudRecord? Find(Member member) =>
        records.FirstOrDefault(record => record.Id == member.Cloud && record.MemberId.AsSpan().SequenceEqual(member.Id));

    /// <summary>Numbers are never used again, those of removed clouds neither.</summary>
    private ushort NextId => checked((ushort)(records.Max(record => record.Id) + 1));

    private CloudRecord MakeRecord(CloudChoice choice, ICloudStorage storage, Member? leftover)
    {
        var names = records.Select(record => record.Name).ToHashSet(StringComparer.Ordinal);
        return new CloudRecord
        {
            Id = NextId,
            Address = choice.Address,
            Name = CloudNames.Choose(choice, names),
            FailureDomain = choice.FailureDomain ?? storage.Capabilities.FailureDomain,
            CapacityLimit = choice.Capacity,
            MemberId = leftover?.Id ?? RandomNumberGenerator.GetBytes(Member.IdLength),
            Joined = services.Time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
    }

    private async Task WriteLeaseAsync(ICloudStorage storage, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Lease(epoch, identity.Device);
        if (await storage.StatAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            return;
        var lease = new Lease
        {
            Epoch = epoch,
            Device = identity.Device,
            Time = services.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            DeviceName = identity.DeviceName,
        };
        await WriteAsync(storage, name, LeaseObjects.Seal(_sealer, lease), cancellationToken).ConfigureAwait(false);
    }

    private static async Task WriteAsync(ICloudStorage storage, string name, byte[] content, CancellationToken cancellationToken)
    {
        if (!await CloudObjects.WriteAsync(storage, name, content, cancellationToken).ConfigureAwait(false))
            throw new DriveException(DriveErrorKind.AlreadyExists, $"Another drive is being made on {storage.Address}; use another place.");
    }

    private static DriveException AlreadyMember(ICloudStorage storage, CloudRecord known) => new(DriveErrorKind.AlreadyExists,
        $"{storage.Address} is the drive's cloud '{known.Name}' already, under another address ({known.Address}); add another place.");

    private static DriveException Foreign(ICloudStorage storage) => new(DriveErrorKind.AlreadyExists,
        $"The cloud {storage.Address} holds another drive, or remains of one; add an empty place.");
}
