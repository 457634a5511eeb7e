using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>Fills a new store with the newest root's pages and the journal after it.</summary>
internal sealed class StateLoader(
    IReadOnlyList<AttachSource> sources,
    ObjectSealer sealer,
    DriveKeys keys,
    SqliteMetadataStore store,
    StateFolder folder,
    Action<string> problems,
    AttachDriveOptions options,
    TimeProvider time,
    Action<string, long, long> report)
{
    private readonly JournalReader _journal = new(sources, sealer, problems, options.Patience, time);

    /// <summary>Where the chain of segments goes on.</summary>
    public ChainPosition Position { get; private set; } = ChainPosition.Beginning;

    /// <summary>The last commit that is in the store.</summary>
    public long Sequence { get; private set; }

    /// <summary>When the last of it was written, in milliseconds since 1970 by the writer's clock.</summary>
    public long Time { get; private set; }

    public byte[] RootHash { get; private set; } = ObjectHash.None;

    public long SegmentsRead { get; private set; }

    public long BytesRead { get; private set; }

    /// <summary>The segments from the root on, or from the beginning without one, with their hashes.</summary>
    public List<(ulong Epoch, ulong Index, byte[] Hash)> Chain { get; } = [];

    /// <summary>
    /// Loads the newest root that is whole somewhere; nothing where there is none yet. A machine that was taken over may have sent one to a
    /// cloud that the other could not reach; an older one leads to what that has written.
    /// </summary>
    public async Task LoadRootAsync(CancellationToken cancellationToken)
    {
        var names = sources.SelectMany(source => source.Roots).Distinct().OrderDescending().ToList();
        var deadEnds = new List<(RootObject Root, byte[] Hash)>();
        foreach (var (epoch, index) in names)
        {
            if (await TryReadRootAsync(epoch, index, cancellationToken).ConfigureAwait(false) is not { } found)
                continue;
            if (!await _journal.IsDeadEndAsync(PositionAfter(found.Root), found.Root.Sequence, cancellationToken).ConfigureAwait(false))
            {
                await LoadRootAsync(found.Root, found.Hash, cancellationToken).ConfigureAwait(false);
                return;
            }
            deadEnds.Add(found);
        }
        if (deadEnds.Count > 0 && !await _journal.HasBeginningAsync(cancellationToken).ConfigureAwait(false))
        {
            await LoadRootAsync(deadEnds[0].Root, deadEnds[0].Hash, cancellationToken).ConfigureAwait(false);
            return;
        }
        if (sources.Any(source => source.Segments.Count > 0))
            return;
        throw new DriveException(DriveErrorKind.Damaged, "None of the clouds given holds the drive's metadata; give more of the drive's clouds.");
    }

    private async Task LoadRootAsync(RootObject root, byte[] hash, CancellationToken cancellationToken)
    {
        await LoadPagesAsync(root, cancellationToken).ConfigureAwait(false);
        RootHash = hash;
        Sequence = root.Sequence;
        Time = root.Time;
        Position = PositionAfter(root);
    }

    private static ChainPosition PositionAfter(RootObject root) => new(root.NextJournalEpoch, root.NextJournalIndex, root.PreviousJournal);

    /// <summary>Follows the journal to its end. May be called again when the sources have been listed anew.</summary>
    public async Task LoadJournalAsync(CancellationToken cancellationToken)
    {
        _journal.Refresh();
        var group = new List<string>();
        var incoming = Path.Combine(folder.Path, "incoming");
        PrivateFiles.CreateDirectory(incoming);
        var position = Position;
        while (await _journal.NextAsync(position, Sequence, options.AcceptLoss, cancellationToken).ConfigureAwait(false) is { } next)
        {
            position = next.After;
            // Parts that belong together wait on the disk, sealed as they came: there may be more than fits into memory.
            var path = Path.Combine(incoming, $"{group.Count}");
            PrivateFiles.Replace(path, next.Bytes);
            group.Add(path);
            if (next.Segment.Continues)
                continue;
            Apply(group, position, next.Segment);
            report("Reading the journal", SegmentsRead, 0);
        }
        Directory.Delete(incoming, recursive: true);
        if (Sequence == 0)
            throw new DriveException(DriveErrorKind.Damaged, "The drive's metadata cannot be read from the clouds given; give more of the drive's clouds.");
    }

    /// <summary>Applies a whole group, unless the checkpoint contains all of it.</summary>
    private void Apply(List<string> group, ChainPosition position, JournalSegment last)
    {
        foreach (var path in group)
        {
            var bytes = File.ReadAllBytes(path);
            var index = position.Index - (ulong)(group.Count - group.IndexOf(path));
            if (!JournalObjects.TryOpen(sealer, last.Epoch, index, bytes, out JournalSegment? segment, out var error))
                throw new IOException($"The local copy of {ObjectNames.Journal(last.Epoch, index)} {error.Describe()}.");
            if (last.LastSequence > Sequence)
            {
                var rows = new MetadataBatch();
                rows.Append(segment.Operations);
                store.Load(rows);
            }
            Chain.Add((last.Epoch, index, ObjectHash.Compute(bytes)));
            SegmentsRead++;
            BytesRead += bytes.Length;
            File.Delete(path);
        }
        group.Clear();
        Position = position;
        Sequence = Math.Max(Sequence, last.LastSequence);
        Time = Math.Max(Time, last.Time);
    }

    private async Task LoadPagesAsync(RootObject root, CancellationToken cancellationToken)
    {
        var clouds = sources.Where(source => source.Member is not null).ToDictionary(source => source.Member!.Cloud, source => source.Storage);
        using var reader = new RootPageReader(root, keys, clouds, options.Patience, time);
        var joiner = new PageJoiner(store.Load);
        const int Parallel = 8;
        for (var first = 0; first < root.Pages.Count; first += Parallel)
        {
            var reads = root.Pages.Skip(first).Take(Parallel).Select(page => reader.ReadAsync(page, cancellationToken)).ToList();
            foreach (var page in await Task.WhenAll(reads).ConfigureAwait(false))
                joiner.Add(page);
            report("Reading the metadata", Math.Min(first + Parallel, root.Pages.Count), root.Pages.Count);
        }
        joiner.Finish();
    }

    private async Task<(RootObject Root, byte[] Hash)?> TryReadRootAsync(ulong epoch, ulong index, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Root(epoch, index);
        foreach (var source in sources.Where(source => source.Roots.Contains((epoch, index))))
        {
            var bytes = await source.TryReadAsync(name, CloudObjects.LargeLimit, problems, options.Patience, time, cancellationToken).ConfigureAwait(false);
            if (bytes is null)
                continue;
            if (JournalObjects.TryOpen(sealer, epoch, index, bytes, out RootObject? root, out var error))
            {
                ReportLackOfRoot(epoch, index);
                return (root, ObjectHash.Compute(bytes));
            }
            problems($"The object {name} at {source.Choice.Address} {error.Describe()}.");
        }
        return null;
    }

    private void ReportLackOfRoot(ulong epoch, ulong index)
    {
        foreach (var source in sources.Where(source => !source.Roots.Contains((epoch, index))))
            problems($"The cloud {source.Choice.Address} is behind the others: it lacks the newest checkpoint.");
    }
}
