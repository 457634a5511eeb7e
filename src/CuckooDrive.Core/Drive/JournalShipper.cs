using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Sends the metadata's changes to the clouds as journal segments, at most every few seconds and on demand.
/// </summary>
/// <remarks>
/// One round: commit with all packs sealed (sequence S); wait until those packs are on the clouds; fold the batches up to S
/// into segments, seal them and put them into the outbox; decide, by writing the new <see cref="JournalPosition"/>; wait until
/// enough clouds hold them; trim the local journal and tell the chunk store. A crash before the decision leaves nothing that
/// counts; after it, the outbox goes on where it was, with the same bytes.
/// </remarks>
internal sealed class JournalShipper(
    SqliteMetadataStore store,
    IChunkStore chunks,
    ICommitter committer,
    Replicator replicator,
    ulong device,
    TimeProvider time,
    ILogger log) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SegmentBuilder _builder = new(store, chunks);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private JournalPosition _position = replicator.Position;
    private long _oldestPending;

    /// <summary>What is decided. Changed only by whoever has the turn.</summary>
    public JournalPosition Position => Volatile.Read(ref _position);

    /// <summary>A cloud has lost what only a new root can give it.</summary>
    public bool CheckpointWanted => replicator.CheckpointWanted;

    /// <summary>Runs after each round of the background loop, with the turn: checkpoints.</summary>
    public Func<CancellationToken, Task>? AfterRound { get; set; }

    /// <summary>Why the last round failed; null in health.</summary>
    public string? LastError { get; private set; }

    /// <summary>How long the oldest change that the clouds lack has been waiting.</summary>
    public TimeSpan Lag
    {
        get
        {
            var oldest = Volatile.Read(ref _oldestPending);
            return oldest == 0 || store.Sequence <= Position.Durable ? TimeSpan.Zero : time.GetElapsedTime(oldest);
        }
    }

    public void Start(TimeSpan interval) => _running = Task.Run(() => RunAsync(interval, _stopping.Token));

    /// <summary>Completes when everything committed before is on the clouds; returns the last commit that is.</summary>
    /// <exception cref="FencedException"/>
    public async Task<long> ShipAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await ShipWithTurnAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Runs something that changes the position or must not overlap a round.</summary>
    public async Task WithTurnAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await action(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A round, by whoever has the turn.</summary>
    public async Task<long> ShipWithTurnAsync(CancellationToken cancellationToken)
    {
        replicator.ThrowIfFenced();
        await FinishAsync(cancellationToken).ConfigureAwait(false);
        var sequence = await committer.CommitAsync(sealPacks: true, hook: null, cancellationToken).ConfigureAwait(false);
        if (sequence > Position.Decided)
        {
            await chunks.WaitForUploadsAsync(sequence, full: false, cancellationToken).ConfigureAwait(false);
            Decide(sequence);
            await FinishAsync(cancellationToken).ConfigureAwait(false);
        }
        return Position.Durable;
    }

    /// <summary>Puts an object that is no segment into the outbox and decides it with the given position. With the turn.</summary>
    public void DecideObject(string objectName, byte[] content, Func<JournalPosition, JournalPosition> change)
    {
        var item = replicator.Outbox.Write(Position.NextOrdinal, objectName, content);
        replicator.Outbox.Sync();
        Settle(change(Position) with { NextOrdinal = Position.NextOrdinal + 1 }, [item]);
    }

    /// <summary>Waits until what is decided is on enough clouds, and lets go of what was kept for it. With the turn.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        var position = Position;
        if (position.DurableOrdinal < position.NextOrdinal)
        {
            replicator.WakeAll();
            await replicator.WaitDurableAsync(position.NextOrdinal, cancellationToken).ConfigureAwait(false);
            CrashPoint.Reach(CrashStep.JournalSent);
        }
        if (position.DurableOrdinal < position.NextOrdinal || position.Durable < position.Decided)
            Settle(position with { DurableOrdinal = position.NextOrdinal, Durable = position.Decided }, []);
        CrashPoint.Reach(CrashStep.JournalDurable);
        store.TrimJournal(position.Decided);
        CrashPoint.Reach(CrashStep.JournalTrimmed);
        chunks.Journaled(position.Decided);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
        _turn.Dispose();
    }

    private async Task RunAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
                if (store.Sequence > Position.Decided && Volatile.Read(ref _oldestPending) == 0)
                    Volatile.Write(ref _oldestPending, time.GetTimestamp());
                await WithTurnAsync(RoundAsync, cancellationToken).ConfigureAwait(false);
                Volatile.Write(ref _oldestPending, 0);
                LastError = null;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (FencedException exception)
            {
                LastError = exception.Message;
                return;
            }
            catch (Exception exception)
            {
                // The root of a background loop: whatever it was, the data is safe here and the next round tries again.
                if (LastError != exception.Message)
                    log.LogError(exception, "The journal could not be sent: {Reason}", exception.Message);
                LastError = exception.Message;
            }
        }
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        await ShipWithTurnAsync(cancellationToken).ConfigureAwait(false);
        if (AfterRound is { } after)
            await after(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes segments of everything up to a commit and decides them.</summary>
    private void Decide(long sequence)
    {
        var next = Position;
        var items = new List<OutboxItem>();
        _builder.Build(next.Decided, sequence, (operations, continues) =>
        {
            var segment = new JournalSegment
            {
                Epoch = next.Epoch,
                Index = next.NextIndex,
                Device = device,
                Time = time.GetUtcNow().ToUnixTimeMilliseconds(),
                FirstSequence = Position.Decided + 1,
                LastSequence = sequence,
                Continues = continues,
                Previous = next.LastHash,
                Operations = operations,
            };
            var name = ObjectNames.Journal(segment.Epoch, segment.Index);
            var bytes = JournalObjects.Seal(replicator.Sealer, segment);
            items.Add(replicator.Outbox.Write(next.NextOrdinal, name, bytes));
            next = next with
            {
                NextIndex = next.NextIndex + 1,
                NextOrdinal = next.NextOrdinal + 1,
                LastHash = ObjectHash.Compute(bytes),
                SegmentsSinceRoot = next.SegmentsSinceRoot + 1,
                BytesSinceRoot = next.BytesSinceRoot + bytes.Length,
            };
        });
        replicator.Outbox.Sync();
        CrashPoint.Reach(CrashStep.OutboxWritten);
        Settle(next with { Decided = sequence }, items);
        _builder.Accept();
    }

    private void Settle(JournalPosition position, IReadOnlyList<OutboxItem> items)
    {
        position.Write(store);
        CrashPoint.Reach(CrashStep.JournalDecided);
        Volatile.Write(ref _position, position);
        replicator.Outbox.Release(items);
        replicator.Announce(position);
    }
}
