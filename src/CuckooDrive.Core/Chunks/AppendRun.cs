using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Pieces that are appended together: their records, and their sealed bytes one behind the other, so that many small ones cost
/// one place, one write and a few turns of the gate. One for each thread, used again and again.
/// </summary>
internal sealed class AppendRun
{
    /// <summary>What all sealed pieces of a run together take at most: as much as the largest chunk alone.</summary>
    public const int MaximumLength = PackLayout.MaximumSealedLength;

    [ThreadStatic]
    private static AppendRun? _ofThread;

    private readonly ChunkRecord[] _records = new ChunkRecord[IChunkStore.MaximumBatch];
    private readonly Piece[] _pieces = new Piece[IChunkStore.MaximumBatch];

    public static AppendRun OfThread => _ofThread ??= new AppendRun();

    public int Count { get; private set; }

    /// <summary>Bytes of all new pieces, sealed; known after <see cref="Compress"/>.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Sealed => ChunkScratch.Sealed.AsSpan(0, Length);

    public ref ChunkRecord Record(int piece) => ref _records[piece];

    public ref Piece this[int piece] => ref _pieces[piece];

    /// <summary>How many of the first pieces fit into one run; at least one.</summary>
    public static int CountFitting(ReadOnlySpan<ReadOnlyMemory<byte>> plain)
    {
        var (count, length) = (0, 0);
        while (count < plain.Length && (length += LongestSealed(plain[count].Length)) <= MaximumLength)
            count++;
        return count;
    }

    private static int LongestSealed(int plainLength) => PackLayout.SealedLength(ChunkCodec.Uncompressed(plainLength), plainLength);

    /// <summary>Begins a run, and finds pieces that are equal to an earlier one of it.</summary>
    public void Begin(ReadOnlySpan<ReadOnlyMemory<byte>> plain, ChunkHasher hasher)
    {
        (Count, Length) = (plain.Length, 0);
        for (var i = 0; i < plain.Length; i++)
        {
            _records[i] = new ChunkRecord { Id = hasher.Compute(plain[i].Span), PlainLength = plain[i].Length };
            _pieces[i] = default;
            for (var earlier = 0; earlier < i; earlier++)
            {
                if (_records[earlier].Id != _records[i].Id || _records[earlier].PlainLength != _records[i].PlainLength)
                    continue;
                _pieces[i] = new Piece { IsRepeated = true, Original = earlier };
                break;
            }
        }
    }

    /// <summary>Compresses what is new and lays it out.</summary>
    public void Compress(ReadOnlySpan<ReadOnlyMemory<byte>> plain, bool wanted)
    {
        for (var i = 0; i < Count; i++)
        {
            if (!_pieces[i].IsNew)
                continue;
            ref var record = ref _records[i];
            var room = ChunkScratch.Sealed.AsSpan(Length);
            record.Codec = ChunkCodec.Uncompressed(plain[i].Length);
            var payload = wanted ? ChunkCodec.Compress(plain[i].Span, room, out record.Codec) : plain[i].Span;
            record.SealedLength = PackLayout.SealedLength(record.Codec, payload.Length);
            _pieces[i].Position = Length;
            Length += record.SealedLength;
        }
    }

    /// <summary>Seals a new piece under its number, where it lies.</summary>
    public void Seal(int piece, ReadOnlySpan<byte> plain, PackCipher cipher, uint number)
    {
        ref readonly var record = ref _records[piece];
        var target = ChunkScratch.Sealed.AsSpan(_pieces[piece].Position, record.SealedLength);
        var payload = record.Codec == ChunkCodec.Zstd ? target[..PackLayout.PayloadLength(record.Codec, record.SealedLength)] : plain;
        cipher.Seal(number, record.Codec, record.PlainLength, payload, target);
    }

    public struct Piece
    {
        /// <summary>An equal chunk is stored already, and held.</summary>
        public bool IsStored;

        /// <summary>Equal to the piece <see cref="Original"/> of the same run.</summary>
        public bool IsRepeated;
        public int Original;

        /// <summary>Where a new piece begins in <see cref="AppendRun.Sealed"/>.</summary>
        public int Position;

        public readonly bool IsNew => !IsStored && !IsRepeated;
    }
}
