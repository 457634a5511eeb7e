using System.Numerics;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>
/// The bytes of a file in blocks of 128 KiB, in which each page of 4 KiB is a hole, reserved or written, as on a disk
/// file system. Knows no file size: bytes never written are zero. Not thread safe.
/// </summary>
internal sealed class MemoryData(MemorySpace space)
{
    public const int PageSize = 4096;

    private const int BlockSize = 128 * 1024;
    private const int PagesPerBlock = BlockSize / PageSize;

    private readonly Dictionary<long, Block> _blocks = [];

    private sealed class Block
    {
        public byte[] Bytes = [];
        public uint Written;
        public uint Reserved;

        public int Pages => BitOperations.PopCount(Written | Reserved);
    }

    /// <summary>Pages that take space.</summary>
    public long Pages { get; private set; }

    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var start = (int)(offset % BlockSize);
            var part = destination[..Math.Min(destination.Length, BlockSize - start)];
            if (!_blocks.TryGetValue(offset / BlockSize, out var block))
                part.Clear();
            else
                ReadBlock(block, start, part);
            offset += part.Length;
            destination = destination[part.Length..];
        }
    }

    /// <returns>False when the space does not suffice; nothing is changed then.</returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> data)
    {
        if (!TryTakeSpace(offset, data.Length))
            return false;
        while (!data.IsEmpty)
        {
            var start = (int)(offset % BlockSize);
            var part = data[..Math.Min(data.Length, BlockSize - start)];
            WriteBlock(BlockFor(offset / BlockSize), start, part);
            offset += part.Length;
            data = data[part.Length..];
        }
        return true;
    }

    /// <summary>Reserves what is not there yet, reading as zero.</summary>
    public bool TryReserve(long offset, long length)
    {
        if (!TryTakeSpace(offset, length))
            return false;
        ForEachBlock(offset, length, create: true, static (_, block, first, end) =>
            block!.Reserved |= Mask(first / PageSize, (end + PageSize - 1) / PageSize));
        return true;
    }

    /// <summary>Makes the range read as zero and frees its whole pages.</summary>
    public void Punch(long offset, long length)
    {
        List<long>? empty = null;
        ForEachBlock(offset, length, create: false, (index, block, first, end) =>
        {
            if (block is null)
                return;
            Zero(block, first, end);
            var whole = Mask((first + PageSize - 1) / PageSize, end / PageSize);
            var before = block.Pages;
            block.Written &= ~whole;
            block.Reserved &= ~whole;
            Release(before - block.Pages);
            if (block.Pages == 0)
                (empty ??= []).Add(index);
        });
        foreach (var index in empty ?? [])
            Drop(index);
    }

    /// <summary>Drops everything from the offset on.</summary>
    public void Truncate(long size)
    {
        var last = size / BlockSize;
        if (_blocks.Count > 0)
        {
            foreach (var index in _blocks.Keys.Where(index => index > last).ToArray())
                Drop(index);
        }
        if (!_blocks.TryGetValue(last, out var block))
            return;
        var start = (int)(size % BlockSize);
        Zero(block, start, BlockSize);
        var before = block.Pages;
        var kept = Mask(0, (start + PageSize - 1) / PageSize);
        block.Written &= kept;
        block.Reserved &= kept;
        Release(before - block.Pages);
        if (block.Pages == 0)
            Drop(last);
    }

    /// <summary>The first offset at or after that lies in a written page, or -1.</summary>
    public long NextData(long offset)
    {
        var index = offset / BlockSize;
        if (_blocks.TryGetValue(index, out var block))
        {
            var page = (int)(offset % BlockSize) / PageSize;
            var rest = block.Written & Mask(page, PagesPerBlock);
            if (rest != 0)
                return Math.Max(offset, (index * BlockSize) + ((long)BitOperations.TrailingZeroCount(rest) * PageSize));
        }
        var next = long.MaxValue;
        foreach (var (candidate, other) in _blocks)
        {
            if (candidate > index && candidate < next && other.Written != 0)
                next = candidate;
        }
        return next == long.MaxValue
            ? -1
            : (next * BlockSize) + ((long)BitOperations.TrailingZeroCount(_blocks[next].Written) * PageSize);
    }

    /// <summary>The first offset at or after that does not lie in a written page.</summary>
    public long NextHole(long offset)
    {
        for (var index = offset / BlockSize; ; index++, offset = index * BlockSize)
        {
            if (!_blocks.TryGetValue(index, out var block))
                return offset;
            var free = ~block.Written & Mask((int)(offset % BlockSize) / PageSize, PagesPerBlock);
            if (free != 0)
                return Math.Max(offset, (index * BlockSize) + ((long)BitOperations.TrailingZeroCount(free) * PageSize));
        }
    }

    private static uint Mask(int firstPage, int endPage)
    {
        if (firstPage >= endPage)
            return 0;
        var below = endPage == PagesPerBlock ? uint.MaxValue : (1U << endPage) - 1;
        return below & (uint.MaxValue << firstPage);
    }

    private static void ReadBlock(Block block, int start, Span<byte> destination)
    {
        var end = start + destination.Length;
        var needed = Mask(start / PageSize, (end + PageSize - 1) / PageSize);
        if ((block.Written & needed) == needed)
        {
            block.Bytes.AsSpan(start, destination.Length).CopyTo(destination);
            return;
        }
        while (!destination.IsEmpty)
        {
            var part = destination[..Math.Min(destination.Length, PageSize - (start % PageSize))];
            if ((block.Written & (1U << (start / PageSize))) != 0)
                block.Bytes.AsSpan(start, part.Length).CopyTo(part);
            else
                part.Clear();
            start += part.Length;
            destination = destination[part.Length..];
        }
    }

    private void WriteBlock(Block block, int start, ReadOnlySpan<byte> data)
    {
        var end = start + data.Length;
        var pageEnd = (end + PageSize - 1) / PageSize * PageSize;
        if (block.Bytes.Length < pageEnd)
            Grow(block, pageEnd);
        var pages = Mask(start / PageSize, pageEnd / PageSize);
        // Arrays are used again, so what of a new page is not written now must be cleared.
        if ((block.Written & (1U << (start / PageSize))) == 0)
            block.Bytes.AsSpan(start / PageSize * PageSize, start % PageSize).Clear();
        if ((block.Written & (1U << ((end - 1) / PageSize))) == 0)
            block.Bytes.AsSpan(end, pageEnd - end).Clear();
        data.CopyTo(block.Bytes.AsSpan(start));
        block.Written |= pages;
    }

    private void Grow(Block block, int length)
    {
        var bytes = space.Rent(length);
        block.Bytes.CopyTo(bytes.AsSpan());
        if (block.Bytes.Length > 0)
            space.Return(block.Bytes);
        block.Bytes = bytes;
    }

    private static void Zero(Block block, int first, int end)
    {
        end = Math.Min(end, block.Bytes.Length);
        if (first < end)
            block.Bytes.AsSpan(first, end - first).Clear();
    }

    private bool TryTakeSpace(long offset, long length)
    {
        var missing = 0L;
        for (var (position, end) = (offset, offset + length); position < end;)
        {
            var start = (int)(position % BlockSize);
            var partEnd = (int)Math.Min(BlockSize, start + (end - position));
            var pages = Mask(start / PageSize, (partEnd + PageSize - 1) / PageSize);
            if (_blocks.TryGetValue(position / BlockSize, out var block))
                pages &= ~(block.Written | block.Reserved);
            missing += BitOperations.PopCount(pages);
            if (missing > space.CapacityPages)
                return false;
            position += partEnd - start;
        }
        if (missing > 0 && !space.TryTake(missing))
            return false;
        Pages += missing;
        return true;
    }

    private void ForEachBlock(long offset, long length, bool create, Action<long, Block?, int, int> action)
    {
        var end = offset + length;
        if (!create && (length / BlockSize) > _blocks.Count)
        {
            foreach (var index in _blocks.Keys.Where(index => index >= offset / BlockSize && index <= (end - 1) / BlockSize).ToArray())
                action(index, _blocks[index], (int)Math.Max(0, offset - (index * BlockSize)), (int)Math.Min(BlockSize, end - (index * BlockSize)));
            return;
        }
        while (offset < end)
        {
            var index = offset / BlockSize;
            var start = (int)(offset % BlockSize);
            var partEnd = (int)Math.Min(BlockSize, start + (end - offset));
            action(index, create ? BlockFor(index) : _blocks.GetValueOrDefault(index), start, partEnd);
            offset += partEnd - start;
        }
    }

    private Block BlockFor(long index)
    {
        if (!_blocks.TryGetValue(index, out var block))
            _blocks.Add(index, block = new Block());
        return block;
    }

    private void Release(int pages)
    {
        Pages -= pages;
        space.Give(pages);
    }

    private void Drop(long index)
    {
        if (!_blocks.Remove(index, out var block))
            return;
        Release(block.Pages);
        if (block.Bytes.Length > 0)
            space.Return(block.Bytes);
    }
}
