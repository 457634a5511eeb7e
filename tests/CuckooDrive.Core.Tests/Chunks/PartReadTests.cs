using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>Small reads that open one block of a chunk.</summary>
public class PartReadTests
{
    private const int Block = PackLayout.BlockLength;

    [Theory]
    [InlineData(Block + 1)]
    [InlineData((3 * Block) + 100)]
    [InlineData(PackLayout.MaximumChunkLength)]
    public async Task A_part_is_what_lies_there(int length)
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plain = StoreFixture.Random(length);
        var chunk = fixture.Add(plain);
        await fixture.UploadAllAsync();
        int[] offsets = [0, 1, Block - 1, Block, Block + 1, length - 1, length / 2, length - Math.Min(length, 4096)];
        foreach (var offset in offsets)
        {
            foreach (var count in new[] { 1, 2, 4096, Block, Block + 1 })
            {
                if (offset + count > length)
                    continue;
                Forget(fixture, chunk);
                var part = new byte[count];
                Assert.True(fixture.Store.TryReadPart(chunk, offset, part));
                Assert.True(plain.AsSpan(offset, count).SequenceEqual(part));
            }
        }
        Assert.Equal(plain, await fixture.ReadAsync(chunk, length));
    }

    [Fact]
    public async Task What_is_read_again_soon_is_read_as_a_whole()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var chunk = fixture.Add(StoreFixture.Random(PackLayout.MaximumChunkLength));
        await fixture.UploadAllAsync();
        var part = new byte[4096];
        Assert.True(fixture.Store.TryReadPart(chunk, 0, part));
        Assert.False(fixture.Store.TryReadPart(chunk, 8192, part));
        await fixture.Store.ReadAsync(chunk, 8192, part, TestContext.Current.CancellationToken);
        Forget(fixture, chunk);
        Assert.False(fixture.Store.TryReadPart(chunk, 8192, part), "it is in memory now");
    }

    [Fact]
    public async Task Chunks_under_one_seal_and_reads_of_much_go_the_usual_way()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var small = fixture.Add(StoreFixture.Random(Block));
        var text = fixture.Add(StoreFixture.Text(PackLayout.MaximumChunkLength, 1));
        var large = fixture.Add(StoreFixture.Random(PackLayout.MaximumChunkLength));
        await fixture.UploadAllAsync();
        Assert.False(fixture.Store.TryReadPart(small, 0, new byte[100]));
        Assert.False(fixture.Store.TryReadPart(text, 0, new byte[100]));
        Assert.False(fixture.Store.TryReadPart(large, 1, new byte[2 * Block]));
        Forget(fixture, large);
        Assert.False(fixture.Store.TryReadPart(large, PackLayout.MaximumChunkLength - 10, new byte[11]));
        Assert.False(fixture.Store.TryReadPart(new ChunkRef(77, 1), 0, new byte[100]));
    }

    [Fact]
    public async Task A_damaged_block_is_never_given_and_comes_from_the_clouds_then()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plain = StoreFixture.Random(PackLayout.MaximumChunkLength);
        var chunk = fixture.Add(plain);
        await fixture.UploadAllAsync();
        var local = Directory.GetFiles(fixture.Cache).Single();
        using (var file = new FileStream(local, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = Block + 1000;
            var value = file.ReadByte();
            file.Position = Block + 1000;
            file.WriteByte((byte)(value ^ 1));
        }
        var part = new byte[1024];
        Assert.True(fixture.Store.TryReadPart(chunk, 0, part));
        Forget(fixture, chunk);
        Assert.False(fixture.Store.TryReadPart(chunk, Block + (Block / 2), part));
        await fixture.Store.ReadAsync(chunk, Block + (Block / 2), part, TestContext.Current.CancellationToken);
        Assert.True(plain.AsSpan(Block + (Block / 2), part.Length).SequenceEqual(part));
    }

    [Fact]
    public async Task What_lies_on_the_clouds_only_goes_the_usual_way()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var plain = StoreFixture.Random(PackLayout.MaximumChunkLength);
        var chunk = fixture.Add(plain);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        Assert.False(fixture.Store.TryReadPart(chunk, 0, new byte[4096]));
        Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }

    /// <summary>Reads so many others in parts that the chunk is not one of the last any more.</summary>
    private static void Forget(StoreFixture fixture, ChunkRef chunk)
    {
        for (uint number = 0; number < 2000; number++)
            fixture.Store.TryReadPart(new ChunkRef(chunk.Pack + 1000, number), 0, new byte[1]);
    }
}
