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
/// that is old, foreign, left out or swapped does not fit. Where two go on from the same place, the higher epoch is right: its
/// writer had taken the drive over. Used by one task at a time.
/// </summary>
internal sealed class JournalReader(
    IReadOnlyList<AttachSource> sources, ObjectSealer sealer, Action<string> problems, TimeSpan patience, TimeProvider time)
{
    private const int ReadAhead = 8;

    private readonly Dictionary<(ulong Epoch, ulong Index), Task<SealedSegment?>> _reads = [];

    public sealed record SealedSegment(JournalSegment Segment, byte[] Bytes, byte[] Hash);

    /// <summary>The segment that goes on from a position, or null at the end.</summary>
    /// <exception cref="DriveException">Damaged: later segments exist, and the one between is nowhere whole.</exception>
    public async Task<SealedSegment?> NextAsync(ChainPosition position, bool acceptLoss, CancellationToken cancellationToken)
    {
        var known = sources.SelectMany(source => source.Segments).Distinct().ToList();
        foreach (var first in known.Where(name => name.Epoch > position.Epoch && name.Index == 0).OrderByDescending(name => name.Epoch))
        {
            if (await ReadAsync(first, cancellationToken).ConfigureAwait(false) is { } segment && GoesOn(segment, position))
                return segment;
        }
        var next = (position.Epoch, position.Index);
        for (var ahead = 0UL; ahead < ReadAhead; ahead++)
            _ = known.Contains((position.Epoch, position.Index + ahead)) ? ReadAsync((position.Epoch, position.Index + ahead), cancellationToken) : null;
        var isKnown = known.Contains(next);
        if (isKnown && await ReadAsync(next, cancellationToken).ConfigureAwait(false) is { } found)
        {
            _reads.Remove(next);
            if (GoesOn(found, position))
                return found;
        }
        if ((isKnown || await AnyLaterAsync(known, position, cancellationToken).ConfigureAwait(false)) && !acceptLoss)
            throw new DriveException(DriveErrorKind.Damaged,
                $"{ObjectNames.Journal(position.Epoch, position.Index)} is missing or damaged on all clouds given, and changes after it exist; " +
                "give more of the drive's clouds, or accept the loss of those changes.");
        return null;
    }

    /// <summary>Forgets what was read ahead and found missing, after the sources have been listed again.</summary>
    public void Refresh() => _reads.Clear();

    private static bool GoesOn(SealedSegment segment, ChainPosition position) =>
        segment.Segment.Previous.AsSpan().SequenceEqual(position.Hash);

    /// <summary>Whether a later segment of the epoch is there and authentic: names alone prove nothing.</summary>
    private async Task<bool> AnyLaterAsync(List<(ulong Epoch, ulong Index)> known, ChainPosition position, CancellationToken cancellationToken)
    {
        foreach (var later in known.Where(name => name.Epoch == position.Epoch && name.Index > position.Index).OrderBy(name => name.Index).Take(ReadAhead))
        {
            if (await ReadAsync(later, cancellationToken).ConfigureAwait(false) is not null)
                return true;
        }
        return false;
    }

    private Task<SealedSegment?> ReadAsync((ulong Epoch, ulong Index) name, CancellationToken cancellationToken)
    {
        if (!_reads.TryGetValue(name, out var read))
            _reads.Add(name, read = FetchAsync(name.Epoch, name.Index, cancellationToken));
        return read;
    }

    /// <summary>The first whole copy that a source gives.</summary>
    private async Task<SealedSegment?> FetchAsync(ulong epoch, ulong index, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Journal(epoch, index);
        foreach (var source in sources.Where(source => source.Segments.Contains((epoch, index))))
        {
            var bytes = await source.TryReadAsync(name, CloudObjects.LargeLimit, problems, patience, time, cancellationToken).ConfigureAwait(false);
            if (bytes is null)
                continue;
            if (JournalObjects.TryOpen(sealer, epoch, index, bytes, out JournalSegment? segment, out var error))
                return new SealedSegment(segment, bytes, ObjectHash.Compute(bytes));
            problems($"The object {name} at {source.Choice.Address} {error.Describe()}.");
        }
        return null;
    }
}
