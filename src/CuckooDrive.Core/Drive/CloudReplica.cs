using System.Threading.Channels;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Keeps one cloud up to date with the outbox: sends each object in order, looks for higher claims, confirms, and clears
/// away what the newest root makes superfluous. A loop of its own, so that a slow or absent cloud delays no other.
/// </summary>
internal sealed class CloudReplica
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly Replicator _owner;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _confirmed;
    private long _cleanedRoot = -1;
    private DriveHeader? _header;

    public CloudReplica(Replicator owner, CloudMember member, long confirmed, long lostBefore = -1)
    {
        _owner = owner;
        Member = member;
        _confirmed = confirmed;
        LostBefore = lostBefore;
    }

    public CloudMember Member { get; }

    /// <summary>The cloud holds every object before this ordinal that is not superfluous.</summary>
    public long Confirmed => Volatile.Read(ref _confirmed);

    /// <summary>One sentence; null when the last attempt succeeded.</summary>
    public string? LastError { get; private set; }

    /// <summary>The cloud lacks objects before this ordinal, or may; -1 when it does not. A root at or after it makes that good.</summary>
    public long LostBefore { get; private set; } = -1;

    /// <summary>One sentence about what the cloud has lost or rolled back; null when nothing was.</summary>
    public string? Loss { get; private set; }

    public void Wake() => _wake.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await CatchUpAsync(cancellationToken).ConfigureAwait(false);
                LastError = null;
                delay = FirstDelay;
                await _wake.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (FencedException)
            {
                return;
            }
            catch (Exception exception)
            {
                // The root of a background loop: whatever a provider throws, the outbox keeps the objects and the next round sends them.
                if (LastError is null && exception is not (CloudException or IOException or OperationCanceledException))
                    _owner.Log.LogError(exception, "The journal could not be sent to the cloud {Cloud}: {Reason}", Member.Name, exception.Message);
                else if (LastError is null)
                    _owner.Log.LogWarning("The journal waits for the cloud {Cloud}: {Reason}", Member.Name, exception.Message);
                LastError = exception.Message;
                _owner.ReplicaChanged();
                await Pause(delay, cancellationToken).ConfigureAwait(false);
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks));
            }
        }
    }

    /// <summary>Sends all that waits. Confirms only after a look for higher claims that began after the last object was there:</summary>
    /// <remarks>
    /// A machine that takes the drive over writes its claim first and reads the journal then. So either this look finds the
    /// claim, and nothing is confirmed, or that machine's reading finds the objects.
    /// </remarks>
    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        _owner.ThrowIfFenced();
        if (_header is null)
        {
            var header = await _owner.SynchronizeHeaderAsync(Member.Storage, cancellationToken).ConfigureAwait(false);
            await CheckFenceAsync(cancellationToken).ConfigureAwait(false);
            await CheckOnlyWriterAsync(cancellationToken).ConfigureAwait(false);
            await CheckNotRolledBackAsync(cancellationToken).ConfigureAwait(false);
            _header = header;
        }
        else if (_owner.HasHeaderAfter(_header))
        {
            // A command has changed the keys while this cloud was away, or another cloud had a newer one.
            _header = await _owner.SynchronizeHeaderAsync(Member.Storage, cancellationToken).ConfigureAwait(false);
        }
        while (_owner.Outbox.Next(Confirmed) is { } item)
        {
            long next;
            do
            {
                _owner.ThrowIfFenced();
                await SendAsync(item, cancellationToken).ConfigureAwait(false);
                CrashPoint.Reach(CrashStep.SegmentSent);
                next = item.Ordinal + 1;
                item = _owner.Outbox.Next(next);
            }
            while (item is not null);
            await CheckFenceAsync(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _confirmed, next);
            _owner.Confirmed(this);
        }
        await CleanAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Nothing is sent that was not decided before, so what is of this epoch and beyond what was decided comes from another copy of this
    /// state, newer than this one: an old backup of the state folder, say. Its names may be free again where newer roots have cleared them.
    /// </summary>
    private async Task CheckOnlyWriterAsync(CancellationToken cancellationToken)
    {
        var position = _owner.Position;
        var names = await CloudObjects.ListAsync(Member.Storage, ObjectNames.JournalPrefix, cancellationToken).ConfigureAwait(false);
        names = [.. names, .. await CloudObjects.ListAsync(Member.Storage, ObjectNames.RootPrefix, cancellationToken).ConfigureAwait(false)];
        foreach (var name in names)
        {
            var isBeyond = ObjectNames.TryParseJournal(name, out var epoch, out var index)
                ? index >= position.NextIndex
                : ObjectNames.TryParseRoot(name, out epoch, out index) && index >= position.NextRoot;
            if (isBeyond && epoch == position.Epoch && await IsOursAsync(name, cancellationToken).ConfigureAwait(false))
            {
                _owner.Fence(
                    $"The cloud '{Member.Name}' holds {name}, which is newer than this machine's state: a copy of that state writes to the drive too, or it was " +
                    "restored from a backup. Stop one of the two and attach the drive again on the other.");
            }
        }
    }

    /// <summary>What this machine saw on the cloud must still be there: an older state is not believed but made good.</summary>
    private async Task CheckNotRolledBackAsync(CancellationToken cancellationToken)
    {
        var position = _owner.Position;
        // What waits for this cloud is not missed there, nor what it is known to lack. While a root waits, it is not known what the one before
        // it made superfluous.
        if (Confirmed == 0 || Confirmed <= LostBefore || position.RootOrdinal >= Confirmed)
            return;
        var missing = new List<string>();
        if (position.RootOrdinal >= 0 && position.RootOrdinal >= LostBefore)
            missing.Add(ObjectNames.Root(position.RootEpoch, position.RootIndex));
        var next = FirstWaiting(position) ?? position.NextIndex;
        var last = next - 1;
        if (next > 0 && (position.RootOrdinal < 0 || position.RootJournalEpoch < position.Epoch || last >= position.RootJournalIndex))
            missing.Add(ObjectNames.Journal(position.Epoch, last));
        foreach (var name in missing.ToList())
        {
            if (await Member.Storage.StatAsync(name, cancellationToken).ConfigureAwait(false) is not null)
                missing.Remove(name);
        }
        if (missing.Count == 0)
            return;
        Loss = $"The cloud '{Member.Name}' shows an older state than it had: {string.Join(" and ", missing)} is gone. It is brought up to date.";
        _owner.Log.LogWarning("{Loss}", Loss);
        LostBefore = position.NextOrdinal;
        _owner.RecordLosses();
        Volatile.Write(ref _confirmed, 0);
    }

    /// <summary>The index of the first segment of the epoch that the cloud has not confirmed; null when it has confirmed all.</summary>
    private ulong? FirstWaiting(JournalPosition position)
    {
        for (var item = _owner.Outbox.Next(Confirmed); item is not null; item = _owner.Outbox.Next(item.Ordinal + 1))
        {
            if (ObjectNames.TryParseJournal(item.ObjectName, out var epoch, out var index) && epoch == position.Epoch)
                return index;
        }
        return null;
    }

    private async Task SendAsync(OutboxItem item, CancellationToken cancellationToken)
    {
        byte[] content;
        try
        {
            content = item.Read();
        }
        catch (FileNotFoundException)
        {
            // Dropped meanwhile: a root that enough clouds hold covers it.
            return;
        }
        if (await CloudObjects.WriteAsync(Member.Storage, item.ObjectName, content, cancellationToken).ConfigureAwait(false))
            return;
        if (!IsOfEarlierEpoch(item.ObjectName) && await IsOursAsync(item.ObjectName, cancellationToken).ConfigureAwait(false))
            _owner.Fence(
                $"The cloud '{Member.Name}' holds another {item.ObjectName} than this machine wrote: a copy of this machine's state writes to the drive too. " +
                "Stop one of the two and attach the drive again on the other.");
        // Torn, damaged, made up, or of a branch that this epoch does not go on from: nothing that anybody could use. It gives way to what belongs there.
        _owner.Log.LogWarning("The cloud {Cloud} held a useless {Object}, which is replaced.", Member.Name, item.ObjectName);
        await CloudObjects.ReplaceAsync(Member.Storage, item.ObjectName, content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Written by another machine, and brought to the others by the attach that chose it.</summary>
    private bool IsOfEarlierEpoch(string name) => ObjectNames.TryParseJournal(name, out var epoch, out _) && epoch < _owner.Epoch;

    /// <summary>Whether the object there was sealed with the drive's key under this name.</summary>
    private async Task<bool> IsOursAsync(string name, CancellationToken cancellationToken)
    {
        var purpose = name.StartsWith(ObjectNames.RootPrefix, StringComparison.Ordinal) ? KeyPurpose.Root : KeyPurpose.Journal;
        var found = await CloudObjects.ReadAsync(Member.Storage, name, CloudObjects.LargeLimit, cancellationToken).ConfigureAwait(false);
        return _owner.Sealer.TryOpen(purpose, name, found, out _, out _);
    }

    private async Task CheckFenceAsync(CancellationToken cancellationToken)
    {
        var lease = await LeaseObjects.FindHigherAsync(Member.Storage, _owner.Sealer, _owner.Epoch, cancellationToken).ConfigureAwait(false);
        if (lease is null)
            return;
        var name = lease.DeviceName.Length > 0 ? $"the machine '{lease.DeviceName}'" : "another machine";
        _owner.Fence($"The drive was taken over by {name}; attach it again to write from here.");
    }

    /// <summary>Removes roots and segments before the newest root, once that is on enough clouds and on this one.</summary>
    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        var position = _owner.Position;
        if (position.RootOrdinal < 0 || _cleanedRoot == position.RootOrdinal ||
            position.RootOrdinal >= position.DurableOrdinal || position.RootOrdinal >= Confirmed)
            return;
        foreach (var name in await CloudObjects.ListAsync(Member.Storage, ObjectNames.RootPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectNames.TryParseRoot(name, out var epoch, out var index) && IsBefore(epoch, index, position.RootEpoch, position.RootIndex))
                await Member.Storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
        foreach (var name in await CloudObjects.ListAsync(Member.Storage, ObjectNames.JournalPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectNames.TryParseJournal(name, out var epoch, out var index) && IsBefore(epoch, index, position.RootJournalEpoch, position.RootJournalIndex))
            {
                await Member.Storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
                CrashPoint.Reach(CrashStep.OldJournalRemoved);
            }
        }
        _cleanedRoot = position.RootOrdinal;
    }

    private static bool IsBefore(ulong epoch, ulong index, ulong otherEpoch, ulong otherIndex) =>
        epoch < otherEpoch || (epoch == otherEpoch && index < otherIndex);

    /// <summary>Waits, but not when there is something new to send or somebody waits for it: the cloud may be back.</summary>
    private async Task Pause(TimeSpan delay, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(delay, _owner.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await _wake.Reader.ReadAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The delay is over, or the loop's condition ends it.
        }
    }
}

/// <summary>Another machine writes to the drive.</summary>
internal sealed class FencedException(string message) : Exception(message);
