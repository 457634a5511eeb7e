using CsCheck;

namespace CuckooDrive.Format.Tests;

public sealed class PackIdTests
{
    private static readonly Gen<byte[]> Ids = Gen.Byte.Array[PackId.Length];

    [Fact]
    public void Text_and_bytes_come_back() => Ids.Sample(bytes =>
    {
        var id = new PackId(bytes);
        var text = id.ToString();
        Assert.Equal(PackId.TextLength, text.Length);
        Assert.Matches("^[a-z2-7]{26}$", text);
        Assert.Equal(id, PackId.Parse(text));
        var written = new byte[PackId.Length];
        PackId.Parse(text).Write(written);
        Assert.Equal(bytes, written);
    });

    [Fact]
    public void Known_text() =>
        // RFC 4648, section 10, extended: 16 bytes "foobarfoobarfoob".
        Assert.Equal("mzxw6ytbojtg633cmfzgm33pmi", new PackId("foobarfoobarfoob"u8).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaa1")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaab")] // spare bits set: a second spelling of the same id
    public void Other_spellings_are_refused(string text)
    {
        Assert.False(PackId.TryParse(text, out _));
        Assert.Throws<FormatException>(() => PackId.Parse(text));
    }

    [Fact]
    public void Exactly_sixteen_bytes_are_read()
    {
        Assert.Throws<ArgumentException>(() => new PackId(new byte[15]));
        Assert.Throws<ArgumentException>(() => new PackId(new byte[17]));
        Assert.Throws<ArgumentException>(() => new ChunkId(new byte[17]));
    }

    [Fact]
    public void New_ids_differ()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => PackId.New()).ToHashSet();
        Assert.Equal(1000, ids.Count);
    }

    [Fact]
    public void Chunk_ids_come_back() => Ids.Sample(bytes =>
    {
        var written = new byte[ChunkId.Length];
        var id = new ChunkId(bytes);
        id.Write(written);
        Assert.Equal(bytes, written);
        Assert.Equal(Convert.ToHexStringLower(bytes), id.ToString());
        Assert.Equal(id, new ChunkId(written));
    });
}
