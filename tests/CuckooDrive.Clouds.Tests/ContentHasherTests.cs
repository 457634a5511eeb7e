using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Clouds.Tests;

public sealed class ContentHasherTests
{
    /// <summary>From the definition, by another way than the streaming one.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((4 << 20) - 1)]
    [InlineData(4 << 20)]
    [InlineData((4 << 20) + 1)]
    [InlineData(9_000_000)]
    public async Task DropboxHashesBlocks(int length)
    {
        var data = new byte[length];
        new Random(length).NextBytes(data);
        byte[] blocks = [.. data.Chunk(4 << 20).SelectMany(block => SHA256.HashData(block))];
        Assert.Equal(
            SHA256.HashData(blocks), await ContentHash.ComputeAsync(CloudHashKind.DropboxContentHash, CloudContent.FromMemory(data)));
    }

    [Theory]
    [InlineData(CloudHashKind.Md5, "900150983cd24fb0d6963f7d28e17f72")]
    [InlineData(CloudHashKind.Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d")]
    [InlineData(CloudHashKind.Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public async Task KnownHashes(CloudHashKind kind, string expected) => Assert.Equal(
        expected, Convert.ToHexStringLower((await ContentHash.ComputeAsync(kind, CloudContent.FromMemory(Encoding.ASCII.GetBytes("abc"))))!));
}
