using System.Numerics;

namespace CuckooDrive.Format;

/// <summary>
/// Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019): a length L is
/// rounded up so that only its highest floor(log2(floor(log2 L))) + 1 bits can be set. An observer learns O(log log L)
/// bits of a length, and the padding is at most 6.25 % above 4 KiB and 3.2 % above 64 KiB.
/// </summary>
internal static class Padding
{
    public static int PaddedLength(int length, int minimum)
    {
        if (length <= minimum)
            return minimum;
        var exponent = BitOperations.Log2((uint)length);
        var kept = BitOperations.Log2((uint)exponent) + 1;
        var mask = (1 << (exponent - kept)) - 1;
        return checked(length + mask) & ~mask;
    }
}
