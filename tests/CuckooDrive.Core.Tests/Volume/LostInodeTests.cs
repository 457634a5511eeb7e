using System.Text;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>A directory with an entry whose inode is not in the store: damage, which must not hide what lies beside it.</summary>
public sealed class LostInodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AListingNamesWhatIsLostAndEndsAndOnlyItsLookUpFails(bool plus)
    {
        string[] names = ["a", "b", "c", "d"];
        await using var test = new TestVolume();
        foreach (var name in names)
            await test.MakeFileAsync(name);
        var lost = await test.FindAsync("b");
        await test.SyncAsync();
        var damage = new MetadataBatch();
        damage.Delete(MetadataKey.Inode(stackalloc byte[MetadataKey.MaximumLength], lost));
        test.Store.Commit(damage, durable: true);
        await test.RemountAsync();

        var listing = new Listing();
        for (var before = -1; listing.Entries.Count > before; listing.Room = 1)
        {
            before = listing.Entries.Count;
            var listed = await Task.Run(() => test.Volume.ReadDirectoryAsync(IFileSystem.RootInode, 0, listing.Cookie, plus, listing, default).AsTask())
                .WaitAsync(Patience, TestContext.Current.CancellationToken);
            Assert.Equal(FsError.None, listed);
        }

        Assert.Equal([".", "..", .. names], listing.Entries.Keys.Order());
        Assert.Equal(0u, listing.Entries["b"].Attributes.LinkCount);
        if (plus)
            Assert.All(names.Where(name => name != "b"), name => Assert.Equal(1u, listing.Entries[name].Attributes.LinkCount));
        Assert.Equal(FsError.Stale, (await test.Volume.LookupAsync(IFileSystem.RootInode, TestVolume.Name("b"), default)).Error);
        await test.FindAsync("c");
    }

    private sealed class Listing : IDirectorySink
    {
        public Dictionary<string, Entry> Entries { get; } = [];

        public ulong Cookie { get; private set; }

        public int Room { get; set; } = 1;

        public bool TryAdd(ReadOnlySpan<byte> name, ulong cookie, in Entry entry)
        {
            if (Room-- <= 0)
                return false;
            Entries.Add(Encoding.UTF8.GetString(name), entry);
            Cookie = cookie;
            return true;
        }
    }
}
