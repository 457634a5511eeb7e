using System.Buffers;

namespace CuckooDrive.Format;

/// <summary>The matrices of <see cref="ErasureCode"/>, row by row in flat spans.</summary>
internal static class GaloisMatrix
{
    private const int StackLimit = 1024;

    /// <summary>
    /// m rows of k coefficients. 1 / (x_i + y_j) with x_i = k + i and y_j = j is a Cauchy matrix: every square part of it
    /// can be inverted, which is what "any k suffice" needs, and multiplying whole columns and rows by non-zero
    /// factors keeps that. Columns are scaled to make the first row ones, then rows to make the first column ones.
    /// </summary>
    public static byte[] CauchyRows(int k, int m)
    {
        var rows = new byte[k * m];
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < k; j++)
            {
                var cauchy = GaloisField.Invert((byte)((k + i) ^ j));
                var columnScale = (byte)(k ^ j); // the inverse of row 0's element
                rows[i * k + j] = GaloisField.Multiply(cauchy, columnScale);
            }
            var rowScale = GaloisField.Invert(rows[i * k]);
            for (var j = 0; j < k; j++)
                rows[i * k + j] = GaloisField.Multiply(rows[i * k + j], rowScale);
        }
        return rows;
    }

    /// <summary>
    /// The inverse of the k rows of the code's matrix (identity over <paramref name="parityRows"/>) that
    /// <paramref name="indexes"/> names, into k x k bytes: row d gives data shard d from those k shards.
    /// </summary>
    public static void InvertRows(ReadOnlySpan<byte> parityRows, ReadOnlySpan<int> indexes, Span<byte> inverse)
    {
        var k = indexes.Length;
        byte[]? rented = null;
        var matrix = k * k <= StackLimit ? stackalloc byte[StackLimit] : rented = ArrayPool<byte>.Shared.Rent(k * k);
        matrix = matrix[..(k * k)];
        matrix.Clear();
        inverse.Clear();
        for (var i = 0; i < k; i++)
        {
            if (indexes[i] < k)
                matrix[i * k + indexes[i]] = 1;
            else
                parityRows.Slice((indexes[i] - k) * k, k).CopyTo(matrix.Slice(i * k, k));
            inverse[i * k + i] = 1;
        }
        for (var column = 0; column < k; column++)
            Eliminate(matrix, inverse, k, column);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>The coefficients that give shard <paramref name="wanted"/> from the k shards of <paramref name="inverse"/>.</summary>
    public static void DecodeRow(ReadOnlySpan<byte> parityRows, ReadOnlySpan<byte> inverse, int wanted, Span<byte> row)
    {
        var k = row.Length;
        if (wanted < k)
        {
            inverse.Slice(wanted * k, k).CopyTo(row);
            return;
        }
        row.Clear();
        var parity = parityRows.Slice((wanted - k) * k, k);
        for (var d = 0; d < k; d++)
            AddRow(inverse.Slice(d * k, k), parity[d], row);
    }

    /// <summary>One step of Gauss-Jordan: makes <paramref name="column"/> a unit column.</summary>
    private static void Eliminate(Span<byte> matrix, Span<byte> inverse, int k, int column)
    {
        var pivot = column;
        while (matrix[pivot * k + column] == 0)
            pivot++; // exists: any k rows of the code's matrix are independent
        SwapRows(matrix, k, pivot, column);
        SwapRows(inverse, k, pivot, column);
        var scale = GaloisField.Invert(matrix[column * k + column]);
        for (var j = 0; j < k; j++)
        {
            matrix[column * k + j] = GaloisField.Multiply(matrix[column * k + j], scale);
            inverse[column * k + j] = GaloisField.Multiply(inverse[column * k + j], scale);
        }
        for (var i = 0; i < k; i++)
        {
            var factor = matrix[i * k + column];
            if (i == column || factor == 0)
                continue;
            AddRow(matrix.Slice(column * k, k), factor, matrix.Slice(i * k, k));
            AddRow(inverse.Slice(column * k, k), factor, inverse.Slice(i * k, k));
        }
    }

    private static void SwapRows(Span<byte> matrix, int k, int a, int b)
    {
        for (var j = 0; a != b && j < k; j++)
            (matrix[a * k + j], matrix[b * k + j]) = (matrix[b * k + j], matrix[a * k + j]);
    }

    private static void AddRow(ReadOnlySpan<byte> source, byte factor, Span<byte> target)
    {
        for (var j = 0; j < target.Length; j++)
            target[j] ^= GaloisField.Multiply(source[j], factor);
    }
}
