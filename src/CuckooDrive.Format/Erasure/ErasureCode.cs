using System.Buffers;

namespace CuckooDrive.Format;

/// <summary>
/// Systematic Reed-Solomon over GF(2^8): k data shards, m parity shards, and any k of the k + m give all others. Position b
/// of every shard depends only on position b of the others, so every method takes the same byte range of each shard,
/// whole or any part. The matrix is a Cauchy matrix scaled so that its first row and column are ones: the first parity
/// shard is the XOR of the data, and with k = 1 every parity shard is a copy. Immutable, thread safe, allocates nothing.
/// </summary>
public sealed class ErasureCode
{
    /// <summary>Work is done in blocks that stay in the first-level cache while every input passes over them.</summary>
    private const int BlockLength = 8 * 1024;

    private const int StackLimit = 1024;

    private readonly byte[] _parityRows;
    private readonly GaloisKernel _kernel;

    /// <exception cref="ArgumentOutOfRangeException">k is under 1, m negative, or k + m over 255.</exception>
    public ErasureCode(int k, int m)
        : this(k, m, GaloisKernel.Best)
    {
    }

    internal ErasureCode(int k, int m, GaloisKernel kernel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k + m, PackLayout.MaximumShards, nameof(m));
        DataShards = k;
        ParityShards = m;
        _kernel = kernel;
        _parityRows = GaloisMatrix.CauchyRows(k, m);
    }

    /// <summary>k.</summary>
    public int DataShards { get; }

    /// <summary>m.</summary>
    public int ParityShards { get; }

    /// <summary>k + m.</summary>
    public int TotalShards => DataShards + ParityShards;

    /// <summary>
    /// Computes all parity shards (or the same range of each). All spans have one length; <paramref name="parity"/> may not
    /// overlap anything else.
    /// </summary>
    /// <exception cref="ArgumentException">Not k data or m parity buffers, or lengths that differ.</exception>
    public void Encode(ReadOnlySpan<ReadOnlyMemory<byte>> data, ReadOnlySpan<Memory<byte>> parity)
    {
        if (data.Length != DataShards || parity.Length != ParityShards)
            throw new ArgumentException($"{DataShards} data and {ParityShards} parity buffers are expected.");
        CheckLengths(data, parity);
        Multiply(_parityRows, data, parity);
    }

    /// <summary>
    /// Adds one data shard (or the same range of each) to all parity shards; shard 0 must come first, since it begins them.
    /// After every data shard was added once, <paramref name="parity"/> is what <see cref="Encode"/> computes from all at once.
    /// </summary>
    /// <exception cref="ArgumentException">Not m parity buffers, or lengths that differ.</exception>
    public void AddShard(int shard, ReadOnlySpan<byte> data, ReadOnlySpan<Memory<byte>> parity)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)shard, (uint)DataShards, nameof(shard));
        if (parity.Length != ParityShards)
            throw new ArgumentException($"{ParityShards} parity buffers are expected.");
        for (var row = 0; row < parity.Length; row++)
        {
            if (parity[row].Length != data.Length)
                throw new ArgumentException("All shards must have one length.", nameof(parity));
            Apply(_parityRows[(row * DataShards) + shard], data, parity[row].Span, add: shard > 0);
        }
    }

    /// <summary>
    /// Computes shards from any k others (or the same range of each). Indexes below k are data shards, then come parity
    /// shards. More than k present shards may be given: the first k are used, except that a wanted shard that is present is
    /// copied. The result is as right as its input: nothing here detects a corrupt shard.
    /// </summary>
    /// <exception cref="ArgumentException">Fewer than k present shards, an index that repeats or does not exist, or lengths that differ.</exception>
    public void Reconstruct(
        ReadOnlySpan<int> presentIndexes,
        ReadOnlySpan<ReadOnlyMemory<byte>> present,
        ReadOnlySpan<int> wantedIndexes,
        ReadOnlySpan<Memory<byte>> output)
    {
        CheckIndexes(presentIndexes, present.Length);
        if (presentIndexes.Length < DataShards)
            throw new ArgumentException($"{DataShards} shards are needed, {presentIndexes.Length} are present.", nameof(presentIndexes));
        if (wantedIndexes.Length != output.Length)
            throw new ArgumentException("Each wanted shard needs one output.", nameof(output));
        CheckLengths(present, output);

        var used = presentIndexes[..DataShards];
        var size = DataShards * DataShards;
        byte[]? rented = null;
        var inverse = size <= StackLimit ? stackalloc byte[StackLimit] : rented = ArrayPool<byte>.Shared.Rent(size);
        inverse = inverse[..size];
        Span<byte> row = stackalloc byte[PackLayout.MaximumShards];
        row = row[..DataShards];
        GaloisMatrix.InvertRows(_parityRows, used, inverse);
        for (var i = 0; i < wantedIndexes.Length; i++)
        {
            var wanted = wantedIndexes[i];
            if ((uint)wanted >= (uint)TotalShards)
                throw new ArgumentException($"There is no shard {wanted}.", nameof(wantedIndexes));
            var at = presentIndexes.IndexOf(wanted);
            if (at >= 0)
            {
                present[at].Span.CopyTo(output[i].Span);
                continue;
            }
            GaloisMatrix.DecodeRow(_parityRows, inverse, wanted, row);
            Multiply(row, present[..DataShards], output.Slice(i, 1));
        }
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Each output is the sum of the inputs, weighted by the output's row of coefficients.</summary>
    private void Multiply(ReadOnlySpan<byte> rows, ReadOnlySpan<ReadOnlyMemory<byte>> inputs, ReadOnlySpan<Memory<byte>> outputs)
    {
        if (outputs.IsEmpty)
            return;
        var length = outputs[0].Length;
        for (var start = 0; start < length; start += BlockLength)
        {
            var count = Math.Min(BlockLength, length - start);
            for (var o = 0; o < outputs.Length; o++)
            {
                var target = outputs[o].Span.Slice(start, count);
                var row = rows.Slice(o * inputs.Length, inputs.Length);
                Apply(row[0], inputs[0].Span.Slice(start, count), target, add: false);
                for (var i = 1; i < inputs.Length; i++)
                    Apply(row[i], inputs[i].Span.Slice(start, count), target, add: true);
            }
        }
    }

    private void Apply(byte factor, ReadOnlySpan<byte> source, Span<byte> target, bool add)
    {
        switch (factor, add)
        {
            case (0, true):
                break;
            case (0, false):
                target.Clear();
                break;
            case (1, false):
                source.CopyTo(target);
                break;
            case (1, true):
                GaloisKernel.Xor(source, target);
                break;
            case (_, false):
                _kernel.Multiply(factor, source, target);
                break;
            default:
                _kernel.MultiplyAdd(factor, source, target);
                break;
        }
    }

    private void CheckIndexes(ReadOnlySpan<int> indexes, int buffers)
    {
        if (indexes.Length != buffers)
            throw new ArgumentException("Each present shard needs one index.", nameof(indexes));
        for (var i = 0; i < indexes.Length; i++)
        {
            if ((uint)indexes[i] >= (uint)TotalShards)
                throw new ArgumentException($"There is no shard {indexes[i]}.", nameof(indexes));
            if (indexes[..i].Contains(indexes[i]))
                throw new ArgumentException($"Shard {indexes[i]} is given twice.", nameof(indexes));
        }
    }

    private static void CheckLengths(ReadOnlySpan<ReadOnlyMemory<byte>> inputs, ReadOnlySpan<Memory<byte>> outputs)
    {
        var length = inputs[0].Length;
        foreach (var input in inputs)
        {
            if (input.Length != length)
                throw new ArgumentException("All shards must have one length.", nameof(inputs));
        }
        foreach (var target in outputs)
        {
            if (target.Length != length)
                throw new ArgumentException("All shards must have one length.", nameof(outputs));
        }
    }
}
