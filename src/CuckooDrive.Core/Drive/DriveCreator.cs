using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Makes a new drive. Order: the local state without its header; member and lease objects and the first journal segment at
/// the clouds; the headers there; the local header, which makes the state a drive's. Whatever fails, all that was written
/// is removed again.
/// </summary>
internal sealed class DriveCreator(string stateDirectory, CreateDriveOptions options, Secret passphrase, DriveServices services)
{
    private const ulong FirstEpoch = 1;

    private readonly List<ICloudStorage> _storages = [];
    private readonly List<UnsettledCredentialStore> _credentials = [];
    private DriveKeys? _keys;
    private readonly List<(ICloudStorage Storage, string Name)> _written = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        CheckOptions();
        var folder = StateFolder.Create(stateDirectory);
        try
        {
            OpenStorages();
            await Task.WhenAll(_storages.Select(storage => CheckEmptyAsync(storage, cancellationToken))).ConfigureAwait(false);
            await CreateAsync(folder, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await UndoAsync(folder).ConfigureAwait(false);
            throw;
        }
        finally
        {
            foreach (var storage in _storages)
                await storage.DisposeAsync().ConfigureAwait(false);
            // Last: a login that is being renewed is sealed with them.
            _keys?.Dispose();
        }
        folder.Dispose();
    }

    private void CheckOptions()
    {
        if (options.Clouds.Count == 0)
            throw new DriveException(DriveErrorKind.NotEnoughClouds, "A drive needs at least one cloud; name one with --cloud.");
        var twice = options.Clouds.GroupBy(choice => choice.Address, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
            throw new DriveException(DriveErrorKind.InvalidOption, $"The cloud {twice.Key} is given twice; name each cloud once.");
    }

    private void OpenStorages()
    {
        foreach (var choice in options.Clouds)
        {
            var credential = new UnsettledCredentialStore(choice.Credential);
            _credentials.Add(credential);
            _storages.Add(DriveClouds.Open(choice.Address, credential, services, createRoot: true));
        }
    }

    private static async Task CheckEmptyAsync(ICloudStorage storage, CancellationToken cancellationToken)
    {
        foreach (var prefix in new[] { ObjectNames.HeaderPrefix, ObjectNames.MemberPrefix, ObjectNames.JournalPrefix, ObjectNames.RootPrefix, ObjectNames.ShardPrefix })
        {
            await foreach (var _ in storage.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
                throw new DriveException(DriveErrorKind.AlreadyExists,
                    $"The cloud {storage.Address} holds a drive already; use another place for the new one, or bring that one here with 'cuckoo attach'.");
        }
    }

    private async Task CreateAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        var header = await Task.Run(() =>
        {
            var made = DriveHeader.Create(passphrase, options.KeyLabel, out var keys, options.PassphraseCost);
            return (Header: made, Keys: keys);
        }, cancellationToken).ConfigureAwait(false);
        var keys = _keys = header.Keys;
        var sealer = new ObjectSealer(keys);
        var now = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var records = MakeRecords(now);
        var credentials = new DriveCredentials(folder.Path, sealer, services.Time);
        foreach (var (credential, record) in _credentials.Zip(records))
            await credential.SettleAsync(credentials.For(record.Id), cancellationToken).ConfigureAwait(false);
        var device = DeviceIdentity.NewDevice();
        var segment = MakeStore(folder, keys, sealer, records, device, now);

        var lease = new Lease { Epoch = FirstEpoch, Device = device, Time = now, DeviceName = options.DeviceName };
        await ForEachAsync(async (storage, record) =>
        {
            await WriteAsync(storage, ObjectNames.Member(record.Id), MemberObjects.Seal(sealer, record), cancellationToken).ConfigureAwait(false);
            await WriteAsync(storage, ObjectNames.Lease(lease.Epoch, lease.Device), LeaseObjects.Seal(sealer, lease), cancellationToken).ConfigureAwait(false);
            await WriteAsync(storage, ObjectNames.Journal(FirstEpoch, 0), segment, cancellationToken).ConfigureAwait(false);
        }, records).ConfigureAwait(false);
        await ForEachAsync((storage, _) =>
            WriteAsync(storage, ObjectNames.Header(header.Header.Sequence), header.Header.Encode(), cancellationToken), records).ConfigureAwait(false);
        HeaderObjects.WriteLocal(folder.Path, header.Header);
    }

    private List<CloudRecord> MakeRecords(long now)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var records = new List<CloudRecord>();
        foreach (var (choice, storage) in options.Clouds.Zip(_storages))
        {
            records.Add(new CloudRecord
            {
                Id = checked((ushort)records.Count),
                Address = choice.Address,
                Name = CloudNames.Choose(choice, names),
                FailureDomain = choice.FailureDomain ?? storage.Capabilities.FailureDomain,
                CapacityLimit = choice.Capacity,
                MemberId = RandomNumberGenerator.GetBytes(Member.IdLength),
                Joined = now,
            });
        }
        return records;
    }

    private Redundancy ChooseRedundancy(List<CloudRecord> records)
    {
        var domains = records.Select(record => record.FailureDomain).Distinct(StringComparer.Ordinal).Count();
        var survive = options.Survive ?? domains switch { 1 => 0, < 5 => 1, _ => 2 };
        if (survive < 0 || survive > Redundancy.MaximumParityShards)
            throw new DriveException(DriveErrorKind.InvalidOption, $"A drive can survive the loss of 0 to {Redundancy.MaximumParityShards} clouds, not {survive}.");
        if (survive >= domains)
            throw new DriveException(DriveErrorKind.NotEnoughClouds,
                $"With --survive {survive} a drive needs at least {survive + 1} clouds that fail independently, and there {(domains == 1 ? "is" : "are")} {domains}; add clouds or lower --survive.");
        return Redundancy.For(domains, survive);
    }

    /// <summary>The store with its first rows, and the sealed segment that carries them.</summary>
    private byte[] MakeStore(StateFolder folder, DriveKeys keys, ObjectSealer sealer, List<CloudRecord> records, ulong device, long now)
    {
        using var store = SqliteMetadataStore.Create(folder.MetadataPath, keys);
        var batch = new MetadataBatch();
        new DriveSettings(ChooseRedundancy(records), now).AddTo(batch);
        foreach (var record in records)
            record.AddTo(batch);
        var sequence = store.Commit(batch, durable: true);
        new DeviceIdentity(device, FirstEpoch, options.Name, options.DeviceName).Write(store);
        return OpeningSegment.Decide(folder, store, sealer, new JournalPosition { Epoch = FirstEpoch }, device, sequence, now, batch.Encoded.ToArray());
    }

    private Task ForEachAsync(Func<ICloudStorage, CloudRecord, Task> action, List<CloudRecord> records) =>
        Task.WhenAll(_storages.Zip(records, action));

    private async Task WriteAsync(ICloudStorage storage, string name, byte[] content, CancellationToken cancellationToken)
    {
        lock (_written)
            _written.Add((storage, name));
        if (!await CloudObjects.WriteAsync(storage, name, content, cancellationToken).ConfigureAwait(false))
        {
            // Not ours to remove.
            lock (_written)
                _written.Remove((storage, name));
            throw new DriveException(DriveErrorKind.AlreadyExists,
                $"Another drive is being created on {storage.Address}; use another place.");
        }
    }

    private async Task UndoAsync(StateFolder folder)
    {
        foreach (var (storage, name) in Enumerable.Reverse(_written))
        {
            try
            {
                await storage.DeleteAsync(name, CancellationToken.None).ConfigureAwait(false);
            }
            catch (CloudException)
            {
                // The failure that brought us here is the one to report; an unfinished drive has no header to be taken for one.
            }
        }
        folder.Remove();
    }
}

/// <summary>The segments with which an epoch begins, decided before anything else runs.</summary>
internal static class OpeningSegment
{
    public static byte[] Decide(
        StateFolder folder, SqliteMetadataStore store, ObjectSealer sealer, JournalPosition position, ulong device, long sequence, long now, byte[] operations)
    {
        var segment = new JournalSegment
        {
            Epoch = position.Epoch,
            Index = position.NextIndex,
            Device = device,
            Time = now,
            FirstSequence = position.Decided + 1,
            LastSequence = sequence,
            Previous = position.LastHash,
            Operations = operations,
        };
        var bytes = JournalObjects.Seal(sealer, segment);
        var outbox = new Outbox(folder.OutboxPath, position.NextOrdinal);
        outbox.Write(position.NextOrdinal, ObjectNames.Journal(segment.Epoch, segment.Index), bytes);
        outbox.Sync();
        (position with
        {
            NextIndex = position.NextIndex + 1,
            NextOrdinal = position.NextOrdinal + 1,
            LastHash = ObjectHash.Compute(bytes),
            Decided = sequence,
            SegmentsSinceRoot = position.SegmentsSinceRoot + 1,
            BytesSinceRoot = position.BytesSinceRoot + bytes.Length,
        }).Write(store);
        return bytes;
    }
}

/// <summary>What clouds are called when the user does not say.</summary>
internal static class CloudNames
{
    /// <summary>The user's name or the last part of the address; made unique, and added to <paramref name="taken"/>.</summary>
    public static string Choose(CloudChoice choice, ISet<string> taken)
    {
        var wanted = choice.Name ?? FromAddress(choice.Address);
        var name = wanted;
        for (var number = 2; !taken.Add(name); number++)
        {
            if (choice.Name is not null)
                throw new DriveException(DriveErrorKind.InvalidOption, $"Two clouds are called '{wanted}'; give each its own name.");
            name = $"{wanted}-{number}";
        }
        return name;
    }

    private static string FromAddress(string address)
    {
        var path = address.Split('?')[0].TrimEnd('/', ':');
        var last = path[(path.LastIndexOfAny(['/', ':']) + 1)..];
        return last.Length is > 0 and <= 60 ? last : path.Length <= 60 ? path : path[^60..];
    }
}
