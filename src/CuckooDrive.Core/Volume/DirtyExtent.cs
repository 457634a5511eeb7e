namespace CuckooDrive.Core.Volume;

/// <summary>
/// Bytes written but not yet in a chunk, within one cell of 128 KiB. Guarded by the inode's data lock; once frozen its
/// buffer is read by a flush worker and must not change any more, only its valid ranges shrink.
/// </summary>
internal sealed class DirtyExtent
{
    private List<(int From, int To)>? _holes;

    public required Inode Inode { get; init; }

    /// <summary>Number of the cell: file offset divided by <see cref="DirtyData.CellSize"/>.</summary>
    public required long Cell { get; init; }

    /// <summary>Offset of the first byte in the cell.</summary>
    public required int Start { get; init; }

    public required int Length { get; set; }

    /// <summary>Rented from <see cref="Chunks.BufferPool"/>; its first byte is the one at <see cref="Start"/>. Empty when the content is lent.</summary>
    public byte[] Buffer { get; init; } = [];

    /// <summary>Whose memory the content lies in, with a reference held; null when it is in the buffer. Only of an extent that is frozen from the start.</summary>
    public LendableMemory? Lender { get; init; }

    /// <summary>The content in the lender's memory.</summary>
    public ReadOnlyMemory<byte> Lent { get; init; }

    /// <summary>Bytes reserved at the chunk store for this data.</summary>
    public long Reserved { get; set; }

    public bool IsFrozen { get; set; }

    /// <summary>Its memory has been given back and may hold anything.</summary>
    public bool IsFreed { get; set; }

    /// <summary>Holds data that a flush wanted to freeze and waits for, see <see cref="DirtyData.FreezeAll"/>.</summary>
    public bool IsLeftBehind { get; set; }

    public int End => Start + Length;

    /// <summary>Bytes of memory that it holds.</summary>
    public int Capacity => Lender is null ? Buffer.Length : Length;

    public ReadOnlyMemory<byte> Content => Lender is null ? Buffer.AsMemory(0, Length) : Lent;

    public ReadOnlySpan<byte> Data => Content.Span;

    public long FileOffset => Cell * DirtyData.CellSize + Start;

    /// <summary>What of a frozen extent was truncated or punched away while it was being flushed, in cell offsets.</summary>
    public void Invalidate(int from, int to)
    {
        from = Math.Max(from, Start);
        to = Math.Min(to, End);
        if (from < to)
            (_holes ??= []).Add((from, to));
    }

    /// <summary>The ranges of cell offsets that still count, in order.</summary>
    public IEnumerable<(int From, int To)> ValidRanges()
    {
        if (_holes is null)
        {
            yield return (Start, End);
            yield break;
        }
        _holes.Sort();
        var position = Start;
        foreach (var (from, to) in _holes)
        {
            if (from > position)
                yield return (position, from);
            position = Math.Max(position, to);
        }
        if (position < End)
            yield return (position, End);
    }
}
