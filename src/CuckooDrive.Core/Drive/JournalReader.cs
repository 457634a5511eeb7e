using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>Where a reader is in the chain of segments.</summary>
/// <param name="Epoch">Of the next segment, unless a higher epoch goes on from here.</param>
/// <param name="Index">Of the next segment.</param>
/// <param name="Hash">Of the segment before.</param>
internal sealed record ChainPosition(ulong Epoch, ulong Index, byte[] Hash)
{
    public static ChainPosition Beginning => new(0, 0, ObjectHash.None);
}

/// <summary>
/// Follows the chain of journal segments over several clouds: each segment names the hash of the one before, so a segment
/// that is old, foreign, left out or swapped does not fit. Where several go on from the same place, <see cref="BranchRank"/> says
/// which is right. Used by one task at a time.
/// </summary>
internal sealed class JournalReader(
    IReadOnlyList<AttachSource> sources, ObjectSealer sealer, Action<string> problems, TimeSpan patience, TimeProvider time)
{
    private const int ReadAhead = 8;

    private readonly Dictionary<(ulong Epoch, ulong Index), Task<SealedSegment?>> _reads = [];

    /// <summary>How the journal goes on after a segment of this hash.</summary>
    private readonly Dictionary<string, BranchRank> _ranks = [];
    private List<SealedSegment>? _starts;

    public sealed record SealedSegment(JournalSegment Segment, byte[] Bytes, byte[] Hash)
    {
        public ChainPosition After => new(Segment.Epoch, Segment.Index + 1, Hash);

        public bool GoesOn(byte[] hash) => Segment.Previous.AsSpan().SequenceEqual(hash);
    }

    /// <summary>The segment that goes on from a position, or null at the end.</summary>
    /// <param name="sequence">The last commit before the position.</param>
    /// <exception cref="DriveException">Damaged: later segments exist, and the one between is nowhere whole.</exception>
    public async Task<SealedSegment?> NextAsync(ChainPosition position, long sequence, bool acceptLoss, CancellationToken cancellationToken)
    {
        if (await ChooseAsync(position, cancellationToken).ConfigureAwait(false) is { } next)
            return next;
        if (!acceptLoss && await IsCutOffAsync(position, sequence, cancellationToken).ConfigureAwait(false))
            throw new DriveException(DriveErrorKind.Damaged,
                $"{ObjectNames.Journal(position.Epoch, position.Index)} is missing or damaged on all clouds given, and changes after it exist; " +
                "give more of the drive's clouds, or accept the loss of those changes.");
        return null;
    }

    /// <summary>
    /// Whether a later epoch goes on from before a commit: what has that commit is on a branch that was left.
    /// </summary>
    public async Task<bool> IsDeadEndAsync(ChainPosition position, long sequence, CancellationToken cancellationToken)
    {
        foreach (var start in await StartsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (start.Segment.Epoch > position.Epoch && start.Segment.FirstSequence <= sequence &&
                await IsUsedAsync(start.Segment.Epoch, start.Segment.Device, 0, cancellationToken).ConfigureAwait(false))
                return true;
        }
        return false;
    }

    /// <summary>Whether the first segment of the drive is there.</summary>
    public async Task<bool> HasBeginningAsync(CancellationToken cancellationToken) =>
        (await StartsAsync(cancellationToken).ConfigureAwait(false)).Exists(start => start.GoesOn(ChainPosition.Beginning.Hash));

    /// <summary>Forgets what was read ahead and found missing, after the sources have been listed again.</summary>
    public void Refresh()
    {
        _reads.Clear();
        _ranks.Clear();
        _starts = null;
    }

    private async Task<SealedSegment?> ChooseAsync(ChainPosition position, CancellationToken cancellationToken)
    {
        var starts = await StartsAsync(cancellationToken).ConfigureAwait(false);
        var ways = starts.Where(start => start.Segment.Epoch > position.Epoch && start.GoesOn(position.Hash)).ToList();
        if (await ReadNextAsync(position, cancellationToken).ConfigureAwait(false) is { } next)
            ways.Add(next);
        if (ways.Count < 2)
            return ways.FirstOrDefault();
        var ranked = new List<(BranchRank Rank, SealedSegment Way)>();
        foreach (var way in ways)
            ranked.Add(((await RankAfterAsync(way, cancellationToken).ConfigureAwait(false)).After(way.Segment), way));
        // The hash decides between equals, so that the order of the clouds does not.
        ranked.Sort(static (one, other) => one.Rank.CompareTo(other.Rank) is not 0 and var order ? order : one.Way.Hash.AsSpan().SequenceCompareTo(other.Way.Hash));
        foreach (var (_, left) in ranked.SkipLast(1).Where(static way => way.Rank.Used > 0))
            problems($"{ObjectNames.Journal(left.Segment.Epoch, left.Segment.Index)} and what comes after it is left out: a machine sent it after another had taken the drive over.");
        return ranked[^1].Way;
    }

    /// <summary>How the journal goes on after a segment. Each segment is read once for that, however many branches there are.</summary>
    private async Task<BranchRank> RankAfterAsync(SealedSegment first, CancellationToken cancellationToken)
    {
        var passed = new Stack<(string Hash, JournalSegment Segment)>();
        BranchRank rank = default;
        for (var at = first; at is not null;)
        {
            var hash = Convert.ToHexString(at.Hash);
            if (_ranks.TryGetValue(hash, out var known))
            {
                rank = known.After(at.Segment);
                break;
            }
            // Without the operations: there may be many.
            passed.Push((hash, at.Segment with { Operations = [] }));
            var next = await ChooseAsync(at.After, cancellationToken).ConfigureAwait(false);
            // What comes after a damaged segment is not reached, and must not be left out for that.
            if (next is null && await IsUsedAsync(at.Segment.Epoch, at.Segment.Device, at.Segment.Index, cancellationToken).ConfigureAwait(false))
                rank = new BranchRank(at.Segment.Epoch, at.Segment.Epoch, 0);
            at = next;
        }
        while (passed.TryPop(out var segment))
        {
            _ranks[segment.Hash] = rank;
            rank = rank.After(segment.Segment);
        }
        return _ranks[Convert.ToHexString(first.Hash)];
    }

    /// <summary>All copies, each content once, of the segments with which epochs begin.</summary>
    private async Task<List<SealedSegment>> StartsAsync(CancellationToken cancellationToken)
    {
        if (_starts is not null)
            return _starts;
        async Task<List<SealedSegment>> ReadAllAsync(AttachSource source)
        {
            var found = new List<SealedSegment>();
            foreach (var (start, index) in source.Segments.Where(name => name.Index == 0).ToList())
            {
                if (await FetchAsync(source, start, index, cancellationToken).ConfigureAwait(false) is { } segment)
                    found.Add(segment);
            }
            return found;
        }
        var copies = await Task.WhenAll(sources.Select(ReadAllAsync)).ConfigureAwait(false);
        return _starts = [.. copies.SelectMany(found => found).DistinctBy(segment => Convert.ToHexString(segment.Hash))];
    }

    /// <summary>The next segment of the same epoch, if a copy of it goes on from the position.</summary>
    private async Task<SealedSegment?> ReadNextAsync(ChainPosition position, CancellationToken cancellationToken)
    {
        var next = (position.Epoch, position.Index);
        if (!IsKnown(next))
            return null;
        for (var ahead = 1UL; ahead < ReadAhead; ahead++)
        {
            if (IsKnown((position.Epoch, position.Index + ahead)))
                _ = ReadAsync((position.Epoch, position.Index + ahead), cancellationToken);
        }
        var found = await ReadAsync(next, cancellationToken).ConfigureAwait(false);
        _reads.Remove(next);
        return found is null || found.GoesOn(position.Hash) ? found : await FetchFittingAsync(next, position.Hash, cancellationToken).ConfigureAwait(false);
    }

    private bool IsKnown((ulong Epoch, ulong Index) name) => sources.Any(source => source.Segments.Contains(name));

    /// <summary>Whether changes after the position are known to exist: names alone prove that only of the very next segment.</summary>
    private async Task<bool> IsCutOffAsync(ChainPosition position, long sequence, CancellationToken cancellationToken)
    {
        if (IsKnown((position.Epoch, position.Index)))
            return true;
        if (await IsUsedAsync(position.Epoch, null, position.Index, cancellationToken).ConfigureAwait(false))
            return true;
        foreach (var epoch in sources.SelectMany(source => source.Segments).Select(name => name.Epoch).Where(epoch => epoch > position.Epoch).Distinct().ToList())
        {
            if (await IsUsedAsync(epoch, null, 0, cancellationToken).ConfigureAwait(false))
                return true;
        }
        // One that an attach left that failed, before commits that are known, holds nothing; its own commit is the only one that may be new.
        return (await StartsAsync(cancellationToken).ConfigureAwait(false))
            .Exists(start => start.Segment.Epoch > position.Epoch && start.Segment.LastSequence > sequence + 1);
    }

    /// <summary>Whether an epoch, of that device if one is given, has an authentic segment after one: names alone prove nothing.</summary>
    private async Task<bool> IsUsedAsync(ulong epoch, ulong? device, ulong after, CancellationToken cancellationToken)
    {
        var later = sources.SelectMany(source => source.Segments).Where(name => name.Epoch == epoch && name.Index > after).Distinct()
            .OrderBy(name => name.Index).Take(ReadAhead).ToList();
        foreach (var name in later)
        {
            foreach (var source in sources.Where(source => source.Segments.Contains(name)))
            {
                if (await FetchAsync(source, name.Epoch, name.Index, cancellationToken).ConfigureAwait(false) is { } found && (device is null || found.Segment.Device == device))
                    return true;
            }
        }
        return false;
    }

    /// <summary>The first whole copy that a source gives, once for all who ask until it is used.</summary>
    private Task<SealedSegment?> ReadAsync((ulong Epoch, ulong Index) name, CancellationToken cancellationToken)
    {
        if (!_reads.TryGetValue(name, out var read))
            _reads.Add(name, read = FetchFittingAsync(name, null, cancellationToken));
        return read;
    }

    /// <summary>The first whole copy that a source gives and that goes on from the segment with a hash, where that is given.</summary>
    private async Task<SealedSegment?> FetchFittingAsync((ulong Epoch, ulong Index) name, byte[]? previous, CancellationToken cancellationToken)
    {
        foreach (var source in sources.Where(source => source.Segments.Contains(name)))
        {
            if (await FetchAsync(source, name.Epoch, name.Index, cancellationToken).ConfigureAwait(false) is { } found
                && (previous is null || found.GoesOn(previous)))
                return found;
        }
        return null;
    }

    private async Task<SealedSegment?> FetchAsync(AttachSource source, ulong epoch, ulong index, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Journal(epoch, index);
        var bytes = await source.TryReadAsync(name, CloudObjects.LargeLimit, problems, patience, time, cancellationToken).ConfigureAwait(false);
        if (bytes is null)
            return null;
        if (JournalObjects.TryOpen(sealer, epoch, index, bytes, out JournalSegment? segment, out var error))
            return new SealedSegment(segment, bytes, ObjectHash.Compute(bytes));
        problems($"The object {name} at {source.Choice.Address} {error.Describe()}.");
        return null;
    }
}
