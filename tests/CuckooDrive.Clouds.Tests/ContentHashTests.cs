using CsCheck;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>Hashes of providers, compared with what rclone computes and with the published definition.</summary>
public sealed class ContentHashTests
{
    // rclone hashsum QuickXorHash --base64, of bytes (31 i + 7) mod 251.
    [Theory]
    [InlineData(0, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(1, "BwAAAAAAAAAAAAAAAQAAAAAAAAA=")]
    [InlineData(2, "BzABAAAAAAAAAAAAAgAAAAAAAAA=")]
    [InlineData(3, "BzBBEQAAAAAAAAAAAwAAAAAAAAA=")]
    [InlineData(19, "pStAEQk/CFEEAxwEC4EQwgCIT/g=")]
    [InlineData(20, "pStAEQk/tFEEAxwEDIEQwgCIT/g=")]
    [InlineData(21, "pStAEQk/tIEDAxwEDYEQwgCIT/g=")]
    [InlineData(159, "Oz47J5QjmNjYfAzJ0o+5/A9YB4I=")]
    [InlineData(160, "Oz47J5QjmNjYfAzJ7Y+5/A9Y55Y=")]
    [InlineData(161, "/T47J5QjmNjYfAzJ7I+5/A9Y55Y=")]
    [InlineData(1000, "IqC311UxAsHIL1TnnrXbxgJdMMI=")]
    [InlineData(100_000, "Yj1lnWYeJwkIR+eEPy8zcocwZ18=")]
    public async Task QuickXor_is_what_others_compute(int length, string expected)
    {
        byte[] data = [.. Enumerable.Range(0, length).Select(index => (byte)(((index * 31) + 7) % 251))];
        var hash = await ContentHash.ComputeAsync(CloudHashKind.QuickXor, CloudContent.FromMemory(data));
        Assert.Equal(expected, Convert.ToBase64String(hash!));
        Assert.True(ContentHash.AreEqual(expected, hash));
    }

    [Fact]
    public void QuickXor_of_pieces_is_that_of_the_whole() =>
        Gen.Byte.Array[0, 700].List[0, 6].Sample(pieces =>
        {
            var hash = new QuickXorHash();
            foreach (var piece in pieces)
                hash.Append(piece);
            return hash.GetHash().SequenceEqual(Definition([.. pieces.SelectMany(piece => piece)]));
        });

    // Bit by bit, as the documentation describes it.
    private static byte[] Definition(byte[] data)
    {
        var hash = new byte[20];
        for (var index = 0L; index < data.Length; index++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var target = (int)(((index * 11) + bit) % 160);
                hash[target / 8] ^= (byte)(((data[index] >> bit) & 1) << (target % 8));
            }
        }
        var length = BitConverter.GetBytes((long)data.Length);
        for (var index = 0; index < 8; index++)
            hash[12 + index] ^= length[index];
        return hash;
    }
}
