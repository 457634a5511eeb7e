using CuckooDrive.Core.Chunks;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// A run of a file's bytes that lies in one chunk. It never crosses a region border.
/// </summary>
/// <param name="Start">Offset in bytes from the beginning of the region.</param>
/// <param name="Length">Bytes, at least 1.</param>
/// <param name="Chunk">Where the bytes are.</param>
/// <param name="ChunkOffset">Offset of the first byte in the chunk's plaintext.</param>
internal readonly record struct Extent(int Start, int Length, ChunkRef Chunk, int ChunkOffset)
{
    public int End => Start + Length;

    /// <summary>The part of this extent within [from, to).</summary>
    public Extent Slice(int from, int to) => new(from, to - from, Chunk, ChunkOffset + (from - Start));
}
