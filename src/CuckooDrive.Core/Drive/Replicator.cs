using System.Buffers.Binary;
using System.Collections.Concurrent;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Brings the outbox to every cloud and tells when enough of them hold an object to survive the promised loss. Thread safe.
/// </summary>
internal sealed class Replicator : IAsyncDisposable
{
    private const string RecordName = "replicas";
    private const string LossRecordName = "losses";
    private const byte Version = 1;

    private readonly Lock _gate = new();
    private readonly SqliteMetadataStore _store;
    private readonly string _stateDirectory;
    private readonly DriveKeys _keys;
    private readonly int _survive;
    private volatile CloudReplica[] _replicas;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(long Ordinal, TaskCompletionSource Done)> _waiters = [];
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentBag<Task> _running = [];
    private string? _fence;

    public Replicator(
        SqliteMetadataStore store, Outbox outbox, IReadOnlyList<CloudMember> members, DriveKeys keys, string stateDirectory,
        int survive, JournalPosition position, TimeProvider time, ILogger log)
    {
        _store = store;
        _keys = keys;
        _stateDirectory = stateDirectory;
        _survive = survive;
        Outbox = outbox;
        Sealer = new ObjectSealer(keys);
        Position = position;
        Time = time;
        Log = log;
        var confirmed = ReadOrdinals(store, RecordName);
        var losses = ReadOrdinals(store, LossRecordName);
        // What is not in the outbox any more left it because every cloud had it, even where a crash took the record of that.
        var kept = outbox.Next(0)?.Ordinal ?? position.NextOrdinal;
        // Where others have confirmed something and one is not known at all, a crash came between its record and Add.
        long LostBefore(ushort cloud) => losses.TryGetValue(cloud, out var before) ? before
            : confirmed.Count > 0 && !confirmed.ContainsKey(cloud) ? position.NextOrdinal : -1;
        _replicas = [.. members.Select(member => new CloudReplica(
            this, member, Math.Clamp(confirmed.GetValueOrDefault(member.Id), kept, position.NextOrdinal), LostBefore(member.Id)))];
    }

    public Outbox Outbox { get; }

    public ObjectSealer Sealer { get; }

    public TimeProvider Time { get; }

    public ILogger Log { get; }

    public ulong Epoch => Position.Epoch;

    /// <summary>What is decided, as of the last <see cref="Announce"/>.</summary>
    public JournalPosition Position { get; private set; }

    /// <summary>Why this machine may no longer write; null while it may.</summary>
    public string? FenceReason => _fence;

    /// <summary>Some cloud lacks objects that the outbox no longer has: the next root makes them superfluous.</summary>
    public bool CheckpointWanted
    {
        get
        {
            var root = Position.RootOrdinal;
            return Array.Exists(_replicas, replica => replica.LostBefore > root);
        }
    }

    public IReadOnlyList<CloudReplica> Replicas => _replicas;

    public void Start()
    {
        if (Array.Exists(_replicas, static replica => replica.LostBefore >= 0))
            RecordLosses();
        foreach (var replica in _replicas)
            Start(replica);
    }

    /// <summary>
    /// Takes in a cloud that the drive has got. It is sent what the outbox has, and what came before with the next checkpoint,
    /// which becomes due. Only while started.
    /// </summary>
    public void Add(CloudMember member)
    {
        CloudReplica added;
        lock (_gate)
        {
            // What is before that is on every other cloud, and no longer here.
            var confirmed = _replicas.Min(replica => replica.Confirmed);
            added = new CloudReplica(this, member, confirmed, lostBefore: Position.NextOrdinal);
            _replicas = [.. _replicas, added];
        }
        // Before anything is sent there, as for what a cloud has lost.
        RecordLosses();
        Start(added);
    }

    /// <summary>The position has changed durably: new objects are to be sent, or old ones may go.</summary>
    public void Announce(JournalPosition position)
    {
        Position = position;
        WakeAll();
    }

    /// <summary>Lets replicas that wait after a failure try again at once.</summary>
    public void WakeAll()
    {
        foreach (var replica in _replicas)
            replica.Wake();
    }

    /// <summary>Completes when every object before the ordinal is on enough clouds.</summary>
    /// <exception cref="FencedException"/>
    public Task WaitDurableAsync(long ordinal, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ThrowIfFenced();
            if (IsDurable(ordinal))
                return Task.CompletedTask;
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((ordinal, waiter));
            return waiter.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Completes when every cloud that answers holds all that is decided.</summary>
    public async Task WaitForReachableAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task progress;
            lock (_gate)
            {
                ThrowIfFenced();
                if (Array.TrueForAll(_replicas, replica => replica.Confirmed >= Position.NextOrdinal || replica.LastError is not null))
                    return;
                progress = _progress.Task;
            }
            await progress.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Called by a replica whose state has changed.</summary>
    public void ReplicaChanged()
    {
        lock (_gate)
        {
            _progress.TrySetResult();
            _progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>
    /// Called by a replica whose cloud has lost objects, before it sends more: with the newest segment there, nothing would show after a
    /// restart that earlier ones are gone.
    /// </summary>
    public void RecordLosses()
    {
        lock (_gate)
        {
            var writer = new RecordWriter();
            writer.U8(Version);
            foreach (var replica in _replicas)
                writer.U16(replica.Member.Id).I64(replica.LostBefore);
            _store.PutLocal(LossRecordName, writer.Written);
        }
    }

    /// <summary>Stops all writing for good and throws.</summary>
    public void Fence(string reason)
    {
        lock (_gate)
        {
            if (_fence is null)
            {
                _fence = reason;
                Log.LogError("Writing to the clouds has stopped: {Reason}", reason);
            }
            foreach (var (_, done) in _waiters)
                done.TrySetException(new FencedException(reason));
            _waiters.Clear();
            ReplicaChanged();
        }
        throw new FencedException(reason);
    }

    /// <summary>Called by a replica when its cloud holds more.</summary>
    public void Confirmed(CloudReplica replica)
    {
        long byAll;
        lock (_gate)
        {
            // Those who wait first: the record may fail for want of room on the disk, and this is not called again for the same objects.
            for (var i = _waiters.Count - 1; i >= 0; i--)
            {
                if (!IsDurable(_waiters[i].Ordinal))
                    continue;
                _waiters[i].Done.TrySetResult();
                _waiters.RemoveAt(i);
            }
            ReplicaChanged();
            byAll = WriteConfirmed();
        }
        // Not what others have confirmed since: of that there is no record yet.
        Outbox.DropBefore(byAll);
    }

    public bool HasHeaderAfter(DriveHeader header) => LocalHeader.HasAfter(_stateDirectory, header);

    public Task<DriveHeader> SynchronizeHeaderAsync(ICloudStorage cloud, CancellationToken cancellationToken) =>
        HeaderObjects.SynchronizeAsync(cloud, _stateDirectory, _keys, cancellationToken);

    public void ThrowIfFenced()
    {
        if (_fence is { } reason)
            throw new FencedException(reason);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void Start(CloudReplica replica)
    {
        var token = _stopping.Token;
        _running.Add(Task.Run(() => replica.RunAsync(token), CancellationToken.None));
    }

    private bool IsDurable(long ordinal) => Quorum.Survives(
        _replicas.Where(replica => replica.Confirmed >= ordinal).Select(replica => replica.Member.FailureDomain), _survive);

    /// <summary>Spares a look at the clouds after a restart. Returns what every cloud has, as recorded.</summary>
    private long WriteConfirmed()
    {
        var writer = new RecordWriter();
        writer.U8(Version);
        var byAll = long.MaxValue;
        foreach (var replica in _replicas)
        {
            var confirmed = replica.Confirmed;
            byAll = Math.Min(byAll, confirmed);
            writer.U16(replica.Member.Id).I64(confirmed);
        }
        _store.PutLocal(RecordName, writer.Written);
        return byAll;
    }

    private static Dictionary<ushort, long> ReadOrdinals(SqliteMetadataStore store, string name)
    {
        var ordinals = new Dictionary<ushort, long>();
        if (store.GetLocal(name) is not { } value)
            return ordinals;
        Records.CheckVersion(value[0], Version);
        for (var at = 1; at + 10 <= value.Length; at += 10)
            ordinals[BinaryPrimitives.ReadUInt16LittleEndian(value.AsSpan(at))] = BinaryPrimitives.ReadInt64LittleEndian(value.AsSpan(at + 2));
        return ordinals;
    }
}
