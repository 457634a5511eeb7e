using CuckooDrive.Clouds;

namespace CuckooDrive.Testing.Clouds;

/// <summary>Content that is no memory and no file, and may give fewer or more bytes than it promises.</summary>
public sealed class Trickle(long length, long? given = null) : CloudContent
{
    public override long Length => length;

    public override Stream Open() => new BufferedStream(new MemoryStream(new byte[given ?? length]), 512);
}
