using System.Buffers.Binary;
using System.Text;

namespace CuckooDrive.Benchmarks.Work;

internal enum DataKind
{
    /// <summary>Incompressible, as media and archives are.</summary>
    Random,
    /// <summary>Words, as sources and documents are: zstd's level 1 makes about a third of it.</summary>
    Text,
}

/// <summary>
/// The bytes that are written, without the cost of making them while the clock runs: a pool of <see cref="Length"/> that
/// repeats, with a stamp in every page of 4 KiB, so that no two pages of a run are equal (deduplication finds nothing) and
/// a reader can tell whether it got the page that it asked for. Not thread safe.
/// </summary>
internal sealed class DataPool
{
    public const int PageLength = 4096;
    public const int Length = 32 << 20;
    private const int StampLength = 16;
    private const long PageMask = (1L << 40) - 1;
    private readonly byte[] _pool = GC.AllocateUninitializedArray<byte>(Length, pinned: true);

    public DataPool(DataKind kind, int seed)
    {
        var random = new Random(seed);
        if (kind == DataKind.Random)
            random.NextBytes(_pool);
        else
            FillWithWords(random);
    }

    /// <summary>The bytes of a file from an offset on; valid until the next call.</summary>
    /// <param name="file">Tells files apart.</param>
    /// <param name="offset">A multiple of the page.</param>
    /// <param name="length">A multiple of the page that divides the pool's length.</param>
    /// <param name="generation">Tells a page from what was there before.</param>
    public Memory<byte> Take(long file, long offset, int length, int generation = 0)
    {
        var start = (int)(offset % Length);
        var block = _pool.AsMemory(start, length);
        for (var position = 0; position < length; position += PageLength)
            Stamp(block.Span[position..], file, (offset + position) / PageLength, generation);
        return block;
    }

    /// <summary>Fails unless each page is one that <see cref="Take"/> gave for this place, of any generation.</summary>
    /// <exception cref="InvalidDataException">The file system returned something else.</exception>
    public static void Check(ReadOnlySpan<byte> block, long file, long offset)
    {
        for (var position = 0; position < block.Length; position += PageLength)
        {
            var page = BinaryPrimitives.ReadInt64LittleEndian(block[(position + 8)..]) & PageMask;
            if (BinaryPrimitives.ReadInt64LittleEndian(block[position..]) != file || page != (offset + position) / PageLength)
                throw new InvalidDataException($"Wrong bytes were read at offset {offset + position}.");
        }
    }

    private static void Stamp(Span<byte> page, long file, long number, int generation)
    {
        BinaryPrimitives.WriteInt64LittleEndian(page[..StampLength], file);
        BinaryPrimitives.WriteInt64LittleEndian(page[8..StampLength], number | (long)generation << 40);
    }

    private void FillWithWords(Random random)
    {
        var text = Encoding.ASCII.GetBytes(Words.Make(random, Length));
        text.AsSpan(0, Length).CopyTo(_pool);
    }
}
