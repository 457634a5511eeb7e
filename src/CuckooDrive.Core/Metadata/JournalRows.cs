namespace CuckooDrive.Core.Metadata;

/// <summary>
/// How batches become rows of the journal table: in parts, so that no huge batch has to be in memory as one sealed value. A
/// row's id is the commit's number and the part's.
/// </summary>
internal static class JournalRows
{
    public const int PartBits = 20;

    private const int PartSize = 1 << 20;

    public static long FirstId(long sequence) => checked(sequence << PartBits);

    public static long SequenceOf(long id) => id >> PartBits;

    /// <summary>Bytes of the next part: whole operations, about a MiB of them.</summary>
    public static int PartLength(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length <= PartSize)
            return encoded.Length;
        var length = 0;
        foreach (var operation in MetadataBatch.Read(encoded))
        {
            length += operation.EncodedLength;
            if (length >= PartSize)
                break;
        }
        return length;
    }
}
