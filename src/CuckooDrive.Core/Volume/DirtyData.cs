using System.Runtime.InteropServices;
using CuckooDrive.Core.Chunks;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// What was written to one file and is not yet in chunks: by cell of 128 KiB, active extents (still growing) above frozen
/// ones (being flushed). Guarded by the inode's data lock.
/// </summary>
internal sealed class DirtyData(Inode inode)
{
    public const int CellBits = 17;
    public const int CellSize = 1 << CellBits;

    private readonly Dictionary<long, Cell> _cells = [];

    /// <summary>Capacity of all buffers held, in bytes.</summary>
    public long HeldBytes { get; private set; }

    public bool IsEmpty => _cells.Count == 0;

    /// <summary>Some of it is being flushed.</summary>
    public bool IsInFlight => _cells.Values.Any(static cell => cell.Frozen.Count > 0);

    /// <summary>
    /// Takes <paramref name="data"/> over: copies it in, but for whole cells that can stay where they are. Extents that fill their cell are
    /// frozen and added to <paramref name="full"/>. Each byte carries one byte of reservation at the chunk store.
    /// </summary>
    public void Write(long offset, ReadOnlyMemory<byte> data, List<DirtyExtent> full)
    {
        var lender = FindLender(offset, data);
        while (!data.IsEmpty)
        {
            var number = offset >> CellBits;
            var start = (int)(offset & (CellSize - 1));
            var length = Math.Min(data.Length, CellSize - start);
            if (!_cells.TryGetValue(number, out var cell))
                _cells.Add(number, cell = new Cell());
            if (lender is not null && length == CellSize && cell.IsEmpty)
                full.Add(Borrow(cell, number, data[..length], lender));
            else if (WriteCell(cell, number, start, data.Span[..length]) is { Length: CellSize } extent && TryFreeze(cell, extent))
                full.Add(extent);
            offset += length;
            data = data[length..];
        }
    }

    /// <summary>
    /// Freezes all active extents that do not overlap one in flight and adds them to <paramref name="ready"/>; returns true
    /// when some had to stay behind that were there at the first pass. What was written later is not waited for: who writes
    /// the same places again and again would never let it end.
    /// </summary>
    public bool FreezeAll(List<DirtyExtent> ready, bool isFirstPass)
    {
        var leftBehind = false;
        foreach (var cell in _cells.Values)
        {
            for (var i = cell.Active.Count - 1; i >= 0; i--)
            {
                var extent = cell.Active[i];
                if (TryFreeze(cell, extent))
                {
                    ready.Add(extent);
                    continue;
                }
                extent.IsLeftBehind |= isFirstPass;
                leftBehind |= extent.IsLeftBehind;
            }
        }
        return leftBehind;
    }

    /// <summary>The flush of a frozen extent has ended; its buffer goes back to the pool.</summary>
    public void Complete(DirtyExtent extent)
    {
        var cell = _cells[extent.Cell];
        cell.Frozen.Remove(extent);
        RemoveIfEmpty(extent.Cell, cell);
        Free(extent);
    }

    /// <summary>
    /// The flush of a frozen extent failed: what of it is neither cut nor overwritten meanwhile is active again. Returns the
    /// reservation to give back for the rest, and for what had been written several times.
    /// </summary>
    public long Thaw(DirtyExtent extent)
    {
        var cell = _cells[extent.Cell];
        cell.Frozen.Remove(extent);
        var kept = 0L;
        foreach (var (from, to) in extent.ValidRanges())
            kept += ThawUncovered(cell, extent, from, to);
        RemoveIfEmpty(extent.Cell, cell);
        Free(extent);
        return extent.Reserved - kept;
    }

    /// <summary>
    /// Drops what is dirty in [from, to) and returns the reservation to give back for extents that went away whole.
    /// </summary>
    public long Cut(long from, long to)
    {
        var released = 0L;
        foreach (var number in CellsWithin(from, to))
        {
            var cell = _cells[number];
            var start = number << CellBits;
            released += CutCell(cell, number, (int)Math.Max(from - start, 0), (int)Math.Min(to - start, CellSize));
            RemoveIfEmpty(number, cell);
        }
        return released;
    }

    /// <summary>
    /// Copies dirty bytes of [offset, offset + destination.Length) into <paramref name="destination"/> and adds the ranges
    /// (relative to it) that are not dirty to <paramref name="gaps"/>.
    /// </summary>
    public void Read(long offset, Span<byte> destination, List<(int From, int To)> gaps)
    {
        var position = 0;
        while (position < destination.Length)
        {
            var number = (offset + position) >> CellBits;
            var start = (int)((offset + position) & (CellSize - 1));
            var length = Math.Min(destination.Length - position, CellSize - start);
            if (_cells.TryGetValue(number, out var cell))
                ReadCell(cell, start, destination.Slice(position, length), position, gaps);
            else
                AddGap(gaps, position, position + length);
            position += length;
        }
    }

    /// <summary>
    /// Up to which size the file may be recorded so that no byte below it is missing: from <paramref name="persisted"/> up
    /// to the first dirty byte beyond it, or all of <paramref name="size"/>.
    /// </summary>
    public long StableSize(long persisted, long size)
    {
        var stable = size;
        foreach (var (number, cell) in _cells)
        {
            foreach (var extent in cell.Active.Concat(cell.Frozen))
            {
                var start = (number << CellBits) + extent.Start;
                if (start + extent.Length > persisted)
                    stable = Math.Min(stable, Math.Max(start, persisted));
            }
        }
        return Math.Max(Math.Min(persisted, size), stable);
    }

    /// <summary>
    /// Who lends the data's memory; null when it must be copied. All of what is lent stays in memory until the last of it is flushed, so
    /// it must be most of it that is kept, or what is held would be much more than what is counted.
    /// </summary>
    private LendableMemory? FindLender(long offset, ReadOnlyMemory<byte> data)
    {
        if (data.Length < CellSize || !MemoryMarshal.TryGetMemoryManager(data, out LendableMemory? lender))
            return null;
        var kept = 0L;
        for (var number = (offset + CellSize - 1) >> CellBits; number < (offset + data.Length) >> CellBits; number++)
        {
            if (!_cells.ContainsKey(number))
                kept += CellSize;
        }
        return kept * 3 >= lender.Memory.Length * 2L ? lender : null;
    }

    /// <summary>An extent of a whole cell without a copy; frozen, since what is lent must not be written to.</summary>
    private DirtyExtent Borrow(Cell cell, long number, ReadOnlyMemory<byte> data, LendableMemory lender)
    {
        lender.AddReference();
        var extent = new DirtyExtent
        {
            Inode = inode,
            Cell = number,
            Start = 0,
            Length = data.Length,
            Lender = lender,
            Lent = data,
            Reserved = data.Length,
            IsFrozen = true,
        };
        HeldBytes += extent.Capacity;
        cell.Frozen.Add(extent);
        return extent;
    }

    private DirtyExtent WriteCell(Cell cell, long number, int start, ReadOnlySpan<byte> data)
    {
        var end = start + data.Length;
        var active = cell.Active;
        var first = 0;
        while (first < active.Count && active[first].End < start)
            first++;
        var last = first;
        while (last < active.Count && active[last].Start <= end)
            last++;
        if (last == first + 1 && active[first].Start <= start && end - active[first].Start <= active[first].Buffer.Length)
        {
            var target = active[first];
            data.CopyTo(target.Buffer.AsSpan(start - target.Start));
            target.Length = Math.Max(target.Length, end - target.Start);
            target.Reserved += data.Length;
            return target;
        }
        return Merge(active, first, last, number, start, data);
    }

    private DirtyExtent Merge(List<DirtyExtent> active, int first, int last, long number, int start, ReadOnlySpan<byte> data)
    {
        var from = first < last ? Math.Min(start, active[first].Start) : start;
        var to = first < last ? Math.Max(start + data.Length, active[last - 1].End) : start + data.Length;
        var merged = new DirtyExtent
        {
            Inode = inode,
            Cell = number,
            Start = from,
            Length = to - from,
            Buffer = BufferPool.Shared.Rent(to - from),
            Reserved = data.Length,
        };
        HeldBytes += merged.Buffer.Length;
        for (var i = first; i < last; i++)
        {
            var old = active[i];
            old.Data.CopyTo(merged.Buffer.AsSpan(old.Start - from));
            merged.Reserved += old.Reserved;
            merged.IsLeftBehind |= old.IsLeftBehind;
            Free(old);
        }
        data.CopyTo(merged.Buffer.AsSpan(start - from));
        active.RemoveRange(first, last - first);
        active.Insert(first, merged);
        return merged;
    }

    private static bool TryFreeze(Cell cell, DirtyExtent extent)
    {
        // Two flushes of one range at the same time could end in the wrong order and leave the older bytes on top.
        foreach (var frozen in cell.Frozen)
        {
            if (frozen.Start < extent.End && extent.Start < frozen.End)
                return false;
        }
        cell.Active.Remove(extent);
        extent.IsFrozen = true;
        cell.Frozen.Add(extent);
        return true;
    }

    private long CutCell(Cell cell, long number, int from, int to)
    {
        var released = 0L;
        foreach (var frozen in cell.Frozen)
            frozen.Invalidate(from, to);
        for (var i = cell.Active.Count - 1; i >= 0; i--)
        {
            var extent = cell.Active[i];
            if (extent.End <= from || extent.Start >= to)
                continue;
            cell.Active.RemoveAt(i);
            var reserved = extent.Reserved;
            if (extent.End > to)
                reserved -= KeepPart(cell.Active, i, extent, to, extent.End, number);
            if (extent.Start < from)
                reserved -= KeepPart(cell.Active, i, extent, extent.Start, from, number);
            released += Math.Max(reserved, 0);
            Free(extent);
        }
        return released;
    }

    private int KeepPart(List<DirtyExtent> active, int index, DirtyExtent whole, int from, int to, long number)
    {
        var part = new DirtyExtent
        {
            Inode = inode,
            Cell = number,
            Start = from,
            Length = to - from,
            Buffer = BufferPool.Shared.Rent(to - from),
            Reserved = to - from,
            IsLeftBehind = whole.IsLeftBehind,
        };
        HeldBytes += part.Buffer.Length;
        whole.Data[(from - whole.Start)..(to - whole.Start)].CopyTo(part.Buffer);
        active.Insert(index, part);
        return to - from;
    }

    /// <summary>Returns the bytes that are active again.</summary>
    private long ThawUncovered(Cell cell, DirtyExtent extent, int from, int to)
    {
        var position = from;
        var thawed = 0L;
        // As they are now: what is thawed joins its neighbours.
        foreach (var (start, end) in cell.Active.Select(newer => (newer.Start, newer.End)).ToArray())
        {
            if (end <= position || start >= to)
                continue;
            if (start > position)
                thawed += ThawPart(cell, extent, position, start);
            position = Math.Max(position, end);
        }
        return position < to ? thawed + ThawPart(cell, extent, position, to) : thawed;
    }

    private int ThawPart(Cell cell, DirtyExtent extent, int from, int to)
    {
        WriteCell(cell, extent.Cell, from, extent.Data[(from - extent.Start)..(to - extent.Start)]);
        return to - from;
    }

    private static void ReadCell(Cell cell, int start, Span<byte> destination, int position, List<(int From, int To)> gaps)
    {
        var firstGap = gaps.Count;
        AddGap(gaps, position, position + destination.Length, join: false);
        foreach (var extent in cell.Active)
            CopyOver(gaps, firstGap, extent.Start, extent.End, extent, start, destination, position);
        foreach (var extent in cell.Frozen)
        {
            foreach (var (from, to) in extent.ValidRanges())
                CopyOver(gaps, firstGap, from, to, extent, start, destination, position);
        }
    }

    /// <summary>Copies an extent's part into those gaps that are still open and shrinks them: what is newer was copied first.</summary>
    private static void CopyOver(List<(int From, int To)> gaps, int firstGap, int from, int to, DirtyExtent extent, int start, Span<byte> destination, int position)
    {
        for (var i = gaps.Count - 1; i >= firstGap; i--)
        {
            var gap = gaps[i];
            var copyFrom = Math.Max(from - start + position, gap.From);
            var copyTo = Math.Min(to - start + position, gap.To);
            if (copyFrom >= copyTo)
                continue;
            var source = copyFrom - position + start - extent.Start;
            extent.Data.Slice(source, copyTo - copyFrom).CopyTo(destination[(copyFrom - position)..]);
            gaps.RemoveAt(i);
            if (copyTo < gap.To)
                gaps.Insert(i, (copyTo, gap.To));
            if (gap.From < copyFrom)
                gaps.Insert(i, (gap.From, copyFrom));
        }
    }

    private static void AddGap(List<(int From, int To)> gaps, int from, int to, bool join = true)
    {
        if (join && gaps.Count > 0 && gaps[^1].To == from)
            gaps[^1] = (gaps[^1].From, to);
        else
            gaps.Add((from, to));
    }

    private List<long> CellsWithin(long from, long to)
    {
        var found = new List<long>();
        if (to <= from)
            return found;
        long first = from >> CellBits, last = (to - 1) >> CellBits;
        foreach (var number in _cells.Keys)
        {
            if (number >= first && number <= last)
                found.Add(number);
        }
        return found;
    }

    private void RemoveIfEmpty(long number, Cell cell)
    {
        if (cell.IsEmpty)
            _cells.Remove(number);
    }

    private void Free(DirtyExtent extent)
    {
        if (extent.IsFreed)
            throw new InvalidOperationException("An extent's memory was given back twice.");
        extent.IsFreed = true;
        HeldBytes -= extent.Capacity;
        if (extent.Lender is { } lender)
            lender.Release();
        else
            BufferPool.Shared.Return(extent.Buffer);
    }

    private sealed class Cell
    {
        /// <summary>Sorted, neither overlapping nor touching.</summary>
        public List<DirtyExtent> Active { get; } = [];

        /// <summary>In flight; they never overlap each other.</summary>
        public List<DirtyExtent> Frozen { get; } = [];

        public bool IsEmpty => Active.Count == 0 && Frozen.Count == 0;
    }
}
