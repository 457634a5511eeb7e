namespace CuckooDrive.Format.Tests.Support;

internal static class Samples
{
    public static DriveKeys Keys(string name = "drive") =>
        DriveKeys.FromMaster(new FixedRandom(name + " master").Bytes(32), new FixedRandom(name + " id").Bytes(16));

    public static PackId Pack(string name = "pack") => PackId.New(new FixedRandom(name));

    public static byte[] Random(int length, string name = "data") => new FixedRandom(name).Bytes(length);

    /// <summary>Text-like: compresses well, not to nothing.</summary>
    public static byte[] Text(int length)
    {
        var words = "the cuckoo lays its eggs in foreign nests and the shell is encryption".Split(' ');
        var random = new Random(1);
        var text = new System.Text.StringBuilder();
        while (text.Length < length)
            text.Append(words[random.Next(words.Length)]).Append(' ').Append(random.Next(1000)).Append(' ');
        return System.Text.Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    public static byte[] WithFlippedBit(byte[] bytes, int bit)
    {
        var copy = (byte[])bytes.Clone();
        copy[bit / 8] ^= (byte)(1 << (bit % 8));
        return copy;
    }

    /// <summary>Bytes that a call allocates on this thread once it is warm.</summary>
    public static long AllocatedBy(Action action)
    {
        for (var i = 0; i < 50; i++)
            action();
        // The tiered compiler may allocate once on this thread while it swaps code: the least of several runs counts.
        var least = long.MaxValue;
        for (var run = 0; run < 5; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 20; i++)
                action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
