using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace CuckooDrive.Host.Tests.Crash;

/// <summary>
/// Content that tells its own file, version and offset in every cell of 32 bytes, so that no wrong, old, shifted, torn or
/// empty block can pass for what was written. Half of it cannot be compressed.
/// </summary>
internal static class TaggedContent
{
    /// <summary>All writes begin and end at multiples of it.</summary>
    public const int Cell = 32;

    /// <summary>Writes the cells from <paramref name="firstCell"/> on.</summary>
    public static void Fill(Span<byte> data, long firstCell, uint file, uint version)
    {
        for (var at = 0; at < data.Length; at += Cell)
            FillCell(data.Slice(at, Cell), firstCell + at / Cell, file, version);
    }

    /// <summary>The version of a cell, or null when it is not a whole cell of this file and place.</summary>
    public static uint? VersionOf(ReadOnlySpan<byte> cell, long number, uint file)
    {
        var version = BinaryPrimitives.ReadUInt32LittleEndian(cell[12..]);
        Span<byte> expected = stackalloc byte[Cell];
        FillCell(expected, number, file, version);
        return cell.SequenceEqual(expected) ? version : null;
    }

    /// <summary>The file whose first cell this claims to be, or null.</summary>
    public static uint? FileOf(ReadOnlySpan<byte> content)
    {
        if (content.Length < Cell)
            return null;
        var file = BinaryPrimitives.ReadUInt32LittleEndian(content[8..]);
        return VersionOf(content[..Cell], 0, file) is null ? null : file;
    }

    /// <summary>For messages: what a cell holds, as far as it can be told.</summary>
    public static string Describe(ReadOnlySpan<byte> cell)
    {
        if (!cell.ContainsAnyExcept((byte)0))
            return "zeros";
        var (number, file) = (BinaryPrimitives.ReadInt64LittleEndian(cell), BinaryPrimitives.ReadUInt32LittleEndian(cell[8..]));
        return VersionOf(cell, number, file) is { } version
            ? $"cell {number} of file {file} in version {version}"
            : $"garbage {Convert.ToHexString(cell)}";
    }

    private static void FillCell(Span<byte> cell, long number, uint file, uint version)
    {
        BinaryPrimitives.WriteInt64LittleEndian(cell, number);
        BinaryPrimitives.WriteUInt32LittleEndian(cell[8..], file);
        BinaryPrimitives.WriteUInt32LittleEndian(cell[12..], version);
        var words = MemoryMarshal.Cast<byte, ulong>(cell);
        words[2] = Mix(words[0] ^ Mix(words[1]));
        words[3] = Mix(words[2] + words[1]);
    }

    // The finaliser of SplitMix64: every bit of the input changes half of the output.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
