using System.Buffers.Binary;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Writes checkpoints: all rows as of one commit, in pages that are chunks, and a root that names them; with it the journal
/// before that commit becomes superfluous.
/// </summary>
/// <remarks>
/// Order: ship what there is; commit with all packs sealed and take a snapshot of exactly that commit; wait for its uploads;
/// cut the snapshot into pages and append those that the last checkpoint does not have; commit the references (R row); ship,
/// so that pages and references are on the clouds; only then the root; when enough clouds hold it, drop the references of
/// older checkpoints. A crash on the way leaves an R row too many at most, which the next checkpoint drops.
/// </remarks>
internal sealed class Checkpointer(
    SqliteMetadataStore store,
    IChunkStore chunks,
    ICommitter committer,
    JournalShipper shipper,
    ObjectSealer sealer,
    DriveKeys keys,
    DriveClouds clouds,
    ulong device,
    TimeProvider time,
    ILogger log)
{
    /// <summary>So many segments make attaching slow: each is a request.</summary>
    private const long ManySegments = 512;

    private const long ManyBytes = 8 << 20;

    /// <summary>A checkpoint costs about what changed, but reads everything: not more often than the store grows by this part.</summary>
    private const int PartOfStore = 4;

    private ulong _lastNumber;

    /// <summary>Writes a checkpoint when the journal since the last one has grown long. Called with the shipper's turn.</summary>
    public Task RunIfDueAsync(CancellationToken cancellationToken)
    {
        var position = shipper.Position;
        var isDue = shipper.CheckpointWanted || position.SegmentsSinceRoot >= ManySegments ||
            position.BytesSinceRoot >= Math.Max(ManyBytes, store.MeasureSize() / PartOfStore);
        return isDue ? RunAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <summary>Writes a checkpoint. Called with the shipper's turn.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await shipper.ShipWithTurnAsync(cancellationToken).ConfigureAwait(false);
        var held = new List<ChunkRef>();
        try
        {
            var (record, root) = await WritePagesAsync(held, cancellationToken).ConfigureAwait(false);
            CrashPoint.Reach(CrashStep.CheckpointPagesWritten);
            // Not to be broken off: the commit would go on without the holds, and refer to pages that may be gone.
            await committer.CommitAsync(sealPacks: true, new ReferenceHook(chunks, [], record), CancellationToken.None).ConfigureAwait(false);
            CrashPoint.Reach(CrashStep.CheckpointPagesReferenced);
            await shipper.ShipWithTurnAsync(cancellationToken).ConfigureAwait(false);
            WriteRoot(root, record);
            CrashPoint.Reach(CrashStep.RootDecided);
            await shipper.FinishAsync(cancellationToken).ConfigureAwait(false);
            CrashPoint.Reach(CrashStep.RootDurable);
            var older = CheckpointRecord.ReadAll(store).Where(each => each.Number != record.Number).ToList();
            if (older.Count > 0)
                await committer.CommitAsync(sealPacks: false, new ReferenceHook(chunks, older, null), cancellationToken).ConfigureAwait(false);
            log.LogInformation("Checkpoint {Number}: {Pages} pages, {New} of them new.", record.Number, record.Pages.Count, held.Count);
        }
        finally
        {
            foreach (var chunk in held)
                chunks.ReleaseHold(chunk);
        }
    }

    private async Task<(CheckpointRecord Record, RootObject Root)> WritePagesAsync(List<ChunkRef> held, CancellationToken cancellationToken)
    {
        using var hook = new SnapshotHook(store);
        await committer.CommitAsync(sealPacks: true, hook, cancellationToken).ConfigureAwait(false);
        var snapshot = hook.Snapshot;
        await chunks.WaitForUploadsAsync(snapshot.Sequence, full: false, cancellationToken).ConfigureAwait(false);
        var older = CheckpointRecord.ReadAll(store);
        _lastNumber = Math.Max(_lastNumber, older.Count == 0 ? 0 : older.Max(each => each.Number)) + 1;
        var known = new Dictionary<ChunkId, ChunkRef>();
        // A page that the clouds do not have is written anew.
        foreach (var (id, chunk) in older.SelectMany(each => each.Pages))
        {
            if (IsOnClouds(chunks.Describe(chunk).Pack))
                known.TryAdd(id, chunk);
        }

        var pages = await Task.Run(() => CutPages(snapshot, known, held, cancellationToken), cancellationToken).ConfigureAwait(false);
        var position = shipper.Position;
        var root = new RootObject
        {
            Epoch = position.Epoch,
            Index = position.NextRoot,
            Device = device,
            Time = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Sequence = snapshot.Sequence,
            Previous = position.LastRootHash,
            NextJournalEpoch = position.Epoch,
            NextJournalIndex = position.NextIndex,
            PreviousJournal = position.LastHash,
            Clouds = [.. clouds.Members.Select(member => member.Id)],
        };
        return (new CheckpointRecord(_lastNumber, pages), root);
    }

    private List<(ChunkId Id, ChunkRef Chunk)> CutPages(
        SqliteSnapshot snapshot, Dictionary<ChunkId, ChunkRef> known, List<ChunkRef> held, CancellationToken cancellationToken)
    {
        using var hasher = new ChunkHasher(keys);
        var pages = new List<(ChunkId, ChunkRef)>();
        var cutter = new PageCutter(page =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var id = hasher.Compute(page.Span);
            if (!known.TryGetValue(id, out var chunk))
            {
                chunk = Append(page, cancellationToken);
                held.Add(chunk);
                known.Add(id, chunk);
            }
            pages.Add((id, chunk));
        });
        snapshot.Scan([], [0xFF], (key, value) =>
        {
            if (key[0] == MetadataKey.TypePack)
                cutter.Add(key, chunks.CompletePackRow(BinaryPrimitives.ReadUInt32BigEndian(key[1..]), value));
            else
                cutter.Add(key, value);
            return true;
        });
        cutter.Finish();
        return pages;
    }

    // Runs on a thread of the pool, which waits while staging is full.
    private ChunkRef Append(ReadOnlyMemory<byte> page, CancellationToken cancellationToken)
    {
        if (!chunks.ReserveAsync(page.Length, cancellationToken).AsTask().GetAwaiter().GetResult())
            throw new IOException("There is no room for a checkpoint of the metadata.");
        try
        {
            return chunks.Append(page);
        }
        finally
        {
            chunks.Unreserve(page.Length);
        }
    }

    private void WriteRoot(RootObject root, CheckpointRecord record)
    {
        var packs = new List<RootPack>();
        var indexes = new Dictionary<uint, int>();
        var pages = new List<RootPage>();
        foreach (var (_, chunk) in record.Pages)
        {
            var (pack, page) = chunks.Describe(chunk);
            // The root makes the journal superfluous, so what it names must be there. The next attempt writes such pages anew.
            if (!IsOnClouds(pack))
                throw new IOException($"A checkpoint is put off: the clouds have too little of pack {pack.Ordinal}, which is part of it.");
            if (!indexes.TryGetValue(pack.Ordinal, out var index))
            {
                indexes.Add(pack.Ordinal, index = packs.Count);
                packs.Add(pack);
            }
            pages.Add(page with { Pack = index });
        }
        root = root with { Packs = packs, Pages = pages };
        var bytes = JournalObjects.Seal(sealer, root);
        shipper.DecideObject(ObjectNames.Root(root.Epoch, root.Index), bytes, position => position with
        {
            NextRoot = root.Index + 1,
            LastRootHash = ObjectHash.Compute(bytes),
            RootOrdinal = position.NextOrdinal,
            RootEpoch = root.Epoch,
            RootIndex = root.Index,
            RootJournalEpoch = root.NextJournalEpoch,
            RootJournalIndex = root.NextJournalIndex,
            SegmentsSinceRoot = 0,
            BytesSinceRoot = 0,
        });
    }

    private static bool IsOnClouds(RootPack pack) => pack.Shards.Count(static shard => shard.Cloud != RootShard.NoCloud) >= pack.DataShards;

    /// <summary>Takes a snapshot of the very commit that it joins, unless nobody waits for it any more.</summary>
    private sealed class SnapshotHook(SqliteMetadataStore store) : ICommitHook, IDisposable
    {
        private readonly Lock _gate = new();
        private SqliteSnapshot? _snapshot;
        private bool _disposed;

        public SqliteSnapshot Snapshot => _snapshot ?? throw new InvalidOperationException("The commit did not call its hook.");

        public void AddRows(MetadataBatch batch)
        {
        }

        public void Committed(long sequence)
        {
            lock (_gate)
            {
                if (!_disposed)
                    _snapshot = store.TakeSnapshot();
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
                _snapshot?.Dispose();
            }
        }
    }

    /// <summary>Moves references between checkpoints in one commit, inside the volume's gate.</summary>
    private sealed class ReferenceHook(IChunkStore chunks, IReadOnlyList<CheckpointRecord> removed, CheckpointRecord? added) : ICommitHook
    {
        public void AddRows(MetadataBatch batch)
        {
            foreach (var (_, chunk) in added?.Pages ?? [])
                chunks.AddReference(chunk);
            added?.AddTo(batch);
            foreach (var record in removed)
            {
                foreach (var (_, chunk) in record.Pages)
                    chunks.RemoveReference(chunk);
                record.RemoveFrom(batch);
            }
        }

        public void Committed(long sequence)
        {
        }
    }
}
