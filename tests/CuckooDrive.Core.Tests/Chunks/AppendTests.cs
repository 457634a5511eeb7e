using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>Pieces that are appended together.</summary>
public class AppendTests
{
    [Fact]
    public async Task Pieces_appended_together_are_read_back_each_from_here_and_from_the_clouds()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        byte[][] pieces =
        [
            StoreFixture.Random(1), StoreFixture.Random(4096), StoreFixture.Text(4096, 1), StoreFixture.Random(131_072), StoreFixture.Text(131_072, 2),
            StoreFixture.Text(50, 3), .. Enumerable.Range(0, 10).Select(i => StoreFixture.Random(8000 + i)),
        ];
        var chunks = Append(fixture, pieces);
        Assert.Equal(pieces.Length, chunks.Distinct().Count());
        await CheckAsync(fixture, pieces, chunks);
        await fixture.UploadAllAsync();
        await fixture.ReopenWithoutLocalFilesAsync();
        await CheckAsync(fixture, pieces, chunks);
    }

    [Fact]
    public async Task Equal_pieces_are_stored_once_with_a_hold_for_each()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var (stored, repeated) = (StoreFixture.Random(4096), StoreFixture.Random(4096));
        var old = fixture.Add(stored);
        var chunks = Hold(fixture, [repeated, stored, repeated, stored, repeated]);
        Assert.Equal([chunks[0], old, chunks[0], old, chunks[0]], chunks);
        Assert.Equal(3, fixture.Store.GetStatus().DeduplicatedChunks - 1);
        foreach (var chunk in chunks[..4])
            fixture.Store.ReleaseHold(chunk);
        Assert.Equal(repeated, await fixture.ReadAsync(chunks[4], repeated.Length));
        fixture.Store.ReleaseHold(chunks[4]);
        Assert.Throws<InvalidOperationException>(() => fixture.Store.ReleaseHold(chunks[4]));
    }

    [Fact]
    public async Task What_the_staging_disk_refuses_leaves_no_hold()
    {
        await using var fixture = new StoreFixture(new Redundancy(1, 1));
        var stored = StoreFixture.Random(4096);
        var chunk = fixture.Add(stored);
        fixture.Commit(seal: true);
        Directory.Move(fixture.Staging, fixture.Staging + ".away");
        byte[][] pieces = [stored, StoreFixture.Random(4096)];
        Assert.ThrowsAny<IOException>(() => Hold(fixture, pieces));
        Directory.Move(fixture.Staging + ".away", fixture.Staging);
        Assert.Throws<InvalidOperationException>(() => fixture.Store.ReleaseHold(chunk));
        await CheckAsync(fixture, pieces, Append(fixture, pieces));
    }

    private static ChunkRef[] Append(StoreFixture fixture, byte[][] pieces)
    {
        var chunks = Hold(fixture, pieces);
        foreach (var chunk in chunks)
        {
            fixture.Store.AddReference(chunk);
            fixture.Store.ReleaseHold(chunk);
        }
        return chunks;
    }

    private static ChunkRef[] Hold(StoreFixture fixture, byte[][] pieces)
    {
        var chunks = new ChunkRef[pieces.Length];
        fixture.Store.Append(Array.ConvertAll(pieces, static piece => new ReadOnlyMemory<byte>(piece)), chunks);
        return chunks;
    }

    private static async Task CheckAsync(StoreFixture fixture, byte[][] pieces, ChunkRef[] chunks)
    {
        foreach (var (plain, chunk) in pieces.Zip(chunks))
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
    }
}
