namespace CuckooDrive.Format;

/// <summary>
/// A look at a sample that spares zstd what cannot shrink (media, archives, encrypted files): a half of a microsecond
/// against 200.
/// </summary>
internal static class CompressionProbe
{
    private const int Windows = 16;
    private const int WindowLength = 64;
    private const int SampleLength = Windows * WindowLength;

    /// <summary>
    /// Whether the bytes of sixteen windows are spread so evenly that no entropy coder gains: the number of pairs of equal bytes
    /// (collisions) is under 1.25 times that of uniform bytes. A saving of a sixteenth by entropy coding needs 1.41 times
    /// or more; the sample's noise is 0.022. Repetitions of long random-looking strings are missed, knowingly.
    /// </summary>
    public static bool LooksIncompressible(ReadOnlySpan<byte> data)
    {
        if (data.Length < SampleLength)
            return false;
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        for (var window = 0; window < Windows; window++)
        {
            var start = (int)((long)(data.Length - WindowLength) * window / (Windows - 1));
            foreach (var value in data.Slice(start, WindowLength))
                counts[value]++;
        }
        long pairs = 0;
        foreach (var count in counts)
            pairs += (long)count * (count - 1);
        const long uniformPairs = (long)SampleLength * (SampleLength - 1) / 256;
        return pairs * 100 < uniformPairs * 125;
    }
}
