using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Builds the local state of an existing drive from its clouds and takes the drive over.
/// </summary>
/// <remarks>
/// Order: find and unlock the newest header; read the newest root's pages and the journal after it into a new store; see that
/// there are enough clouds; only then claim the next epoch on all of them, which stops the machine that had the drive; read
/// what that machine sent until then, and bring to the others what too few clouds have of it; begin the new epoch with two segments of
/// its own on enough clouds, the second of which says that the first is there; the local header last, which makes the state a drive's.
/// </remarks>
internal sealed class DriveAttacher(
    string stateDirectory, AttachDriveOptions options, Secret passphrase, DriveServices services, IProgress<AttachProgress>? progress)
{
    private readonly List<string> _problems = [];
    private readonly List<AttachSource> _sources = [];
    private DriveKeys? _keys;

    public async Task<AttachReport> RunAsync(CancellationToken cancellationToken)
    {
        if (options.Clouds.Count == 0)
            throw new DriveException(DriveErrorKind.NotEnoughClouds, "Name the drive's clouds with --cloud.");
        var folder = StateFolder.Create(stateDirectory);
        try
        {
            var report = await AttachAsync(folder, cancellationToken).ConfigureAwait(false);
            folder.Dispose();
            return report;
        }
        catch
        {
            folder.Remove();
            throw;
        }
        finally
        {
            foreach (var source in _sources)
                await source.Storage.DisposeAsync().ConfigureAwait(false);
            // Last: a login that is being renewed is sealed with them.
            _keys?.Dispose();
        }
    }

    private async Task<AttachReport> AttachAsync(StateFolder folder, CancellationToken cancellationToken)
    {
        foreach (var choice in options.Clouds)
        {
            var credential = new UnsettledCredentialStore(choice.Credential);
            _sources.Add(new AttachSource(choice, credential, DriveClouds.Open(choice.Address, credential, services, createRoot: false)));
        }
        Report("Looking for the drive", 0, _sources.Count);
        await ForEachAsync(source => source.ReadHeadersAsync(AddProblem, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (_sources.TrueForAll(source => source.Headers.Count == 0))
            throw new DriveException(DriveErrorKind.NotADrive,
                $"No drive was found: {string.Join(" ", _sources.Select(source => source.Failure))} Check the addresses.");

        var headers = _sources.SelectMany(source => source.Headers).ToList();
        var (_, keys) = await Task.Run(() => HeaderObjects.Unlock(headers, passphrase, AddProblem), cancellationToken).ConfigureAwait(false);
        _keys = keys;
        var header = HeaderObjects.Newest(keys, [.. headers.Select(found => found.Header).Where(found => found.IsAuthentic(keys))], RemovedKeys.None);
        var sealer = new ObjectSealer(keys);
        await ForEachAsync(source => source.IdentifyAsync(sealer, cancellationToken), cancellationToken).ConfigureAwait(false);
        await ForEachAsync(source => source.ListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        CheckMembers();
        var credentials = new DriveCredentials(folder.Path, sealer, services.Time);
        foreach (var source in Usable)
            await source.Credential.SettleAsync(credentials.For(source.Member!.Cloud), cancellationToken).ConfigureAwait(false);
        using var store = SqliteMetadataStore.Create(folder.MetadataPath, keys);
        var loader = new StateLoader(Usable, sealer, keys, store, folder, AddProblem, options, services.Time, Report);
        await loader.LoadRootAsync(cancellationToken).ConfigureAwait(false);
        await loader.LoadJournalAsync(cancellationToken).ConfigureAwait(false);
        var records = CheckEnough(store);
        await TakeOverAsync(folder, store, sealer, loader, records, cancellationToken).ConfigureAwait(false);
        DescribeLaggards(loader.Position);
        HeaderObjects.WriteLocal(folder.Path, header);
        return new AttachReport([.. Failures(), .. Problems()], DateTimeOffset.FromUnixTimeMilliseconds(loader.Time));
    }

    private List<AttachSource> Usable => [.. _sources.Where(source => source.Failure is null)];

    /// <summary>Claims the next epoch, reads what was sent until then, and begins it.</summary>
    private async Task TakeOverAsync(
        StateFolder folder, SqliteMetadataStore store, ObjectSealer sealer, StateLoader loader, List<CloudRecord> records, CancellationToken cancellationToken)
    {
        Report("Taking the drive over", 0, 0);
        var now = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var epoch = Math.Max(_sources.Max(source => source.HighestClaim), loader.Position.Epoch) + 1;
        var device = DeviceIdentity.NewDevice();
        var lease = new Lease { Epoch = epoch, Device = device, Time = now, DeviceName = options.DeviceName };
        var claim = LeaseObjects.Seal(sealer, lease);
        await WriteEverywhereAsync(ObjectNames.Lease(epoch, device), claim, cancellationToken).ConfigureAwait(false);
        await ForEachAsync(source => CheckNoRivalAsync(source, sealer, lease, cancellationToken), cancellationToken).ConfigureAwait(false);
        CheckEnough(store);

        var known = KnownSegments();
        await ForEachAsync(source => source.ListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        // Before the place that was reached, where another way may have been the right one.
        if (KnownSegments().Except(known).Any(name => name.Epoch < loader.Position.Epoch))
            throw new DriveException(DriveErrorKind.Fenced, "Another machine wrote to the drive while it was attached; try again.");
        await loader.LoadJournalAsync(cancellationToken).ConfigureAwait(false);
        records = CloudRecord.ReadAll(store);
        store.FinishLoad(loader.Sequence);
        // Again: a cloud that failed meanwhile may be the one that had what the old machine sent last, which this epoch must not leave out.
        CheckEnough(store);
        var spread = await SpreadAsync(folder, store, loader.Chain, cancellationToken).ConfigureAwait(false);
        CheckEnough(store);

        var batch = new MetadataBatch();
        DriveSettings.Read(store).AddTo(batch);
        foreach (var record in UpdateRecords(records))
            record.AddTo(batch);
        var sequence = store.Commit(batch, durable: true);
        new DeviceIdentity(device, epoch, options.Name, options.DeviceName).Write(store);
        var position = new JournalPosition
        {
            Epoch = epoch,
            LastHash = loader.Position.Hash,
            LastRootHash = loader.RootHash,
            NextOrdinal = spread,
            Decided = loader.Sequence,
            Durable = loader.Sequence,
            SegmentsSinceRoot = loader.SegmentsRead,
            BytesSinceRoot = loader.BytesRead,
        };
        var segment = OpeningSegment.Decide(folder, store, sealer, position, device, sequence, now, batch.Encoded.ToArray());
        await WriteEverywhereAsync(ObjectNames.Journal(epoch, 0), segment, cancellationToken).ConfigureAwait(false);
        CheckEnough(store);
        await ConfirmAsync(folder, store, sealer, device, now, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The second segment says that this attach has come through: see <see cref="BranchRank"/>. It needs something in it.</summary>
    private async Task ConfirmAsync(
        StateFolder folder, SqliteMetadataStore store, ObjectSealer sealer, ulong device, long now, CancellationToken cancellationToken)
    {
        var batch = new MetadataBatch();
        DriveSettings.Read(store).AddTo(batch);
        var sequence = store.Commit(batch, durable: true);
        var position = JournalPosition.Read(store);
        var segment = OpeningSegment.Decide(folder, store, sealer, position, device, sequence, now, batch.Encoded.ToArray());
        await WriteEverywhereAsync(ObjectNames.Journal(position.Epoch, position.NextIndex), segment, cancellationToken).ConfigureAwait(false);
        CheckEnough(store);
    }

    private HashSet<(ulong Epoch, ulong Index)> KnownSegments() => [.. Usable.SelectMany(source => source.Segments)];

    /// <summary>
    /// Of two machines that attach at once, each claims first and looks then, so at least one finds the other: nothing of an epoch is written
    /// by two, and none is left out by the next.
    /// </summary>
    private static async Task CheckNoRivalAsync(AttachSource source, ObjectSealer sealer, Lease own, CancellationToken cancellationToken)
    {
        if (await LeaseObjects.FindRivalAsync(source.Storage, sealer, own, cancellationToken).ConfigureAwait(false) is not null)
            throw Rivalled();
    }

    private static DriveException Rivalled() =>
        new(DriveErrorKind.Fenced, "Another machine is attaching the drive at the same time; try again when it is done.");

    /// <summary>
    /// A machine that ended while it sent has left segments on one cloud alone. The new epoch goes on from them, so with that cloud all that
    /// comes after would be lost, however many clouds have it. They are brought to the others before, and lie first in the outbox for
    /// those that are away: nothing counts as safe before enough clouds have them. Returns how many there are.
    /// </summary>
    private async Task<long> SpreadAsync(
        StateFolder folder, SqliteMetadataStore store, List<(ulong Epoch, ulong Index, byte[] Hash)> chain, CancellationToken cancellationToken)
    {
        var survive = DriveSettings.Read(store).Redundancy.ParityShards;
        var outbox = new Outbox(folder.OutboxPath, 0);
        var ordinal = 0L;
        await ForEachAsync(source => ForgetTornAsync(source, chain, cancellationToken), cancellationToken).ConfigureAwait(false);
        foreach (var (epoch, index, hash) in chain)
        {
            bool Has(AttachSource source) => source.Segments.Contains((epoch, index));
            if (Quorum.Survives(Usable.Where(Has).Select(source => source.Member!.FailureDomain), survive))
                continue;
            var name = ObjectNames.Journal(epoch, index);
            var content = await ReadAgainAsync(Usable.Where(Has), name, hash, cancellationToken).ConfigureAwait(false);
            outbox.Write(ordinal++, name, content);
            await ForEachAsync(async source =>
            {
                if (Has(source))
                    return;
                // What is there instead is torn, or of a branch that the drive does not go on from.
                if (!await CloudObjects.WriteAsync(source.Storage, name, content, cancellationToken).ConfigureAwait(false))
                    await CloudObjects.ReplaceAsync(source.Storage, name, content, cancellationToken).ConfigureAwait(false);
                source.Segments.Add((epoch, index));
            }, cancellationToken).ConfigureAwait(false);
        }
        return ordinal;
    }

    /// <summary>Segments are sent in order: where sending was torn off, the last that a cloud shows may be a part only.</summary>
    private async Task ForgetTornAsync(AttachSource source, List<(ulong Epoch, ulong Index, byte[] Hash)> chain, CancellationToken cancellationToken)
    {
        if (chain.FindLast(link => source.Segments.Contains((link.Epoch, link.Index))) is not { Hash: not null } last)
            return;
        var content = await source.TryReadAsync(
            ObjectNames.Journal(last.Epoch, last.Index), CloudObjects.LargeLimit, AddProblem, options.Patience, services.Time, cancellationToken).ConfigureAwait(false);
        if (content is null || !ObjectHash.Compute(content).AsSpan().SequenceEqual(last.Hash))
            source.Segments.Remove((last.Epoch, last.Index));
    }

    private async Task<byte[]> ReadAgainAsync(IEnumerable<AttachSource> holders, string name, byte[] hash, CancellationToken cancellationToken)
    {
        foreach (var source in holders)
        {
            var content = await source.TryReadAsync(name, CloudObjects.LargeLimit, AddProblem, options.Patience, services.Time, cancellationToken).ConfigureAwait(false);
            if (content is not null && ObjectHash.Compute(content).AsSpan().SequenceEqual(hash))
                return content;
        }
        throw new DriveException(DriveErrorKind.NotEnoughClouds,
            $"{name} could be read before and cannot be now; try again when the clouds answer.{string.Concat(Failures().Select(failure => " " + failure))}");
    }

    private Task WriteEverywhereAsync(string name, byte[] content, CancellationToken cancellationToken) => ForEachAsync(async source =>
    {
        if (!await CloudObjects.WriteAsync(source.Storage, name, content, cancellationToken).ConfigureAwait(false))
            throw Rivalled();
    }, cancellationToken);

    /// <summary>Addresses that work here take the place of the recorded ones; missing clouds keep theirs.</summary>
    private IEnumerable<CloudRecord> UpdateRecords(List<CloudRecord> records)
    {
        foreach (var record in records)
        {
            var source = _sources.Find(each => IsMember(each, record));
            if (source is null || source.Choice.Address == record.Address)
                continue;
            yield return record with { Address = source.Choice.Address, CapacityLimit = source.Choice.Capacity ?? record.CapacityLimit };
        }
    }

    private static bool IsMember(AttachSource source, CloudRecord record) =>
        source.Member is { } member && member.Cloud == record.Id && member.Id.AsSpan().SequenceEqual(record.MemberId);

    /// <summary>
    /// Enough is all but as many as may be lost: what another machine believed to be safe is then on at least one of them.
    /// </summary>
    private List<CloudRecord> CheckEnough(SqliteMetadataStore store)
    {
        var records = CloudRecord.ReadAll(store);
        var needed = records.Where(record => record.State != CloudMemberState.Removed).ToList();
        var survive = DriveSettings.Read(store).Redundancy.ParityShards;
        var missing = needed.Where(record => !Usable.Exists(source => IsMember(source, record))).ToList();
        var lost = missing.Select(record => record.FailureDomain).Distinct(StringComparer.Ordinal).Count();
        if (lost > survive && !options.AcceptLoss)
            throw new DriveException(DriveErrorKind.NotEnoughClouds,
                $"The drive survives the loss of {survive} clouds, and {missing.Count} of its {needed.Count} are missing: " +
                $"{string.Join(", ", missing.Select(record => $"'{record.Name}' ({record.Address})"))}. " +
                $"Give more of them.{string.Concat(Failures().Select(failure => " " + failure))}");
        return records;
    }

    private void CheckMembers()
    {
        var twice = Usable.Where(source => source.Member is not null).GroupBy(source => source.Member!.Cloud).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
            throw new DriveException(DriveErrorKind.InvalidOption,
                $"{string.Join(" and ", twice.Select(source => source.Choice.Address))} are the same cloud of the drive, or copies of it; give only one of them.");
        // Nothing is written to a cloud that is not known to be the drive's.
        foreach (var source in Usable.Where(source => source.Member is null))
            source.Exclude("holds another drive, or has lost the object that says which of the drive's clouds it is; it is not used.");
    }

    /// <summary>Clouds that do not show the segment that others show were away, or play an old state.</summary>
    private void DescribeLaggards(ChainPosition before)
    {
        if (before.Index == 0)
            return;
        foreach (var source in Usable.Where(source => !source.Segments.Contains((before.Epoch, before.Index - 1))))
            AddProblem($"The cloud {source.Choice.Address} is behind the others: it lacks the newest journal. It is brought up to date by the next checkpoint.");
    }

    private IEnumerable<string> Failures() => _sources.Select(source => source.Failure).OfType<string>();

    private Task ForEachAsync(Func<AttachSource, Task> step, CancellationToken cancellationToken) =>
        Task.WhenAll(_sources.Select(source => source.TryAsync(() => step(source), options.Patience, services.Time, cancellationToken)));

    /// <summary>Sources are asked side by side, and some things are found out more than once.</summary>
    private void AddProblem(string problem)
    {
        lock (_problems)
        {
            if (!_problems.Contains(problem))
                _problems.Add(problem);
        }
    }

    /// <summary>As they are now: a source that was given up may still find more.</summary>
    private string[] Problems()
    {
        lock (_problems)
            return [.. _problems];
    }

    private void Report(string step, long done, long total) => progress?.Report(new AttachProgress(step, done, total));
}
