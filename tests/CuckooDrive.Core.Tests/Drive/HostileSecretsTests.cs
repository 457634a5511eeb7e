using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>
/// A drive full of known strings, and a search for them in every byte that leaves the process: the clouds' objects, and the
/// local state with its store, its log of changes, its outbox, its staging area and its cache.
/// </summary>
public sealed class HostileSecretsTests
{
    private const string FileName = "Tax-return-Winterbottom-2031";
    private const string FolderName = "Divorce-papers-Quillfeather";
    private const string Content = "The launch code is periwinkle-7741-umbrella.";
    private const string AttributeName = "user.blood-group-of-Thistlewood";
    private const string AttributeValue = "zero-negative-Thistlewood";
    private const string LinkTarget = "/home/brackenridge/secret-garden";

    /// <summary>A size that no object has by chance, and that is recognised in any form.</summary>
    private const long FileSize = 0x5A_17C3_99D1;

    [Fact]
    public async Task Nothing_of_a_drives_content_is_found_in_what_it_stores()
    {
        await using var hostile = await HostileDrive.CreateAsync(useCaches: true);
        await FillAsync(hostile.Drive!.FileSystem);
        await hostile.FlushAsync();
        await hostile.Drive!.CheckpointAsync();
        await OldJournalIsRemovedAsync(hostile);
        await FillAsync(hostile.Drive!.FileSystem, "again-");
        // Neither flushed nor closed: changes lie in the store's log and in the staging area.
        await hostile.Drive!.FileSystem.SyncAsync(IFileSystem.RootInode, false, default);

        var needles = Needles();
        var stored = Encoding.ASCII.GetBytes("CKOO");
        var (files, found, seals) = (0, new List<string>(), 0);
        await foreach (var (place, bytes) in EverythingAsync(hostile))
        {
            files++;
            found.AddRange(needles.Where(needle => bytes.AsSpan().IndexOf(needle.Bytes) >= 0).Select(needle => $"{needle.What} in {place}"));
            seals += bytes.AsSpan().IndexOf(stored) >= 0 ? 1 : 0;
        }
        Assert.Empty(found);
        // What must be there is found by the same search, so that the search is known to look at the right bytes.
        Assert.True(files > 20 && seals > 5, $"{files} files, {seals} sealed objects");
    }

    [Fact]
    public void The_search_would_find_what_it_looks_for()
    {
        var needles = Needles();
        foreach (var text in new[] { FileName, Content, HostileDrive.PassphraseText })
        {
            foreach (var encoded in new[]
            {
                Encoding.UTF8.GetBytes("x" + text + "x"),
                Encoding.Unicode.GetBytes("x" + text + "x"),
                Encoding.BigEndianUnicode.GetBytes(text),
                Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes("a" + text + "z"))),
                Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes("ab" + text + "z"))),
                Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.UTF8.GetBytes(text))),
                Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))),
            })
                Assert.Contains(needles, needle => encoded.AsSpan().IndexOf(needle.Bytes) >= 0);
        }
    }

    [Fact]
    public async Task Sizes_of_objects_tell_no_size_of_a_file()
    {
        await using var hostile = await HostileDrive.CreateAsync();
        foreach (var size in new[] { 77_777, 77_778, 131_072, 199_999 })
        {
            await DriveFixture.WriteAsync(hostile.Drive!, $"size{size}", RandomNumberGenerator.GetBytes(size));
            await hostile.FlushAsync();
        }
        var lengths = new HashSet<int>();
        for (var cloud = 0; cloud < hostile.CloudCount; cloud++)
        {
            foreach (var name in await hostile.ObjectsAsync(cloud, ObjectNames.ShardPrefix))
                lengths.Add((await hostile.GetAsync(cloud, name)).Length);
        }
        Assert.All(lengths, length => Assert.True(PackLayout.IsPaddedLength(length)));
        // Two files that differ by a byte look the same.
        Assert.Equal(PaddedLength(77_777), PaddedLength(77_778));
        Assert.Contains(PaddedLength(77_777), lengths);

        static int PaddedLength(int length) => PackLayout.PaddedLength(PackLayout.SealedLength(ChunkCodec.Uncompressed(length), length));
    }

    private static async Task FillAsync(IFileSystem fs, string prefix = "")
    {
        var owner = new Caller(0, 0);
        var root = IFileSystem.RootInode;
        var folder = (await fs.MakeDirectoryAsync(root, Bytes(prefix + FolderName), 0x1ED, owner, default)).Value.Attributes.Inode;
        Assert.Equal(FsError.None, (await fs.MakeSymbolicLinkAsync(folder, Bytes(prefix + "link"), Bytes(LinkTarget), owner, default)).Error);
        for (var i = 0; i < 40; i++)
        {
            var created = (await fs.CreateAsync(folder, Bytes($"{prefix}{FileName}-{i}"), 0x1A4, Core.Volume.OpenOptions.Write, owner, default)).Value;
            var (inode, handle) = (created.Entry.Attributes.Inode, created.Handle);
            // Some too small to compress, some that compress well, some that do not compress.
            var text = Bytes(string.Concat(Enumerable.Repeat(Content, 1 + (i * i))));
            await fs.WriteAsync(inode, handle, 0, text, WriteOptions.None, default);
            await fs.WriteAsync(inode, handle, text.Length, RandomNumberGenerator.GetBytes(i * 1000), WriteOptions.None, default);
            Assert.Equal(FsError.None, await fs.SetExtendedAttributeAsync(inode, Bytes(AttributeName), Bytes(AttributeValue), ExtendedAttributeOptions.None, default));
            if (i == 3)
                Assert.Equal(FsError.None, (await fs.SetAttributesAsync(inode, new AttributeChange { Size = FileSize }, default)).Error);
            fs.Release(inode, handle);
            fs.Forget(inode, 1);
        }
        Assert.Equal(FsError.None, await fs.SyncAsync(root, false, default));
    }

    // Each cloud by itself, once it has the checkpoint's root: nothing is to vanish while all of it is searched.
    private static async Task OldJournalIsRemovedAsync(HostileDrive hostile)
    {
        for (var cloud = 0; cloud < hostile.CloudCount; cloud++)
        {
            for (var tries = 0; (await hostile.ObjectsAsync(cloud, "journal/")).Contains("journal/0000000000000001-0000000000000000"); tries++)
            {
                Assert.True(tries < 3000, $"Cloud {cloud} keeps its old journal.");
                await Task.Delay(20);
            }
        }
    }

    private static async IAsyncEnumerable<(string Place, byte[] Bytes)> EverythingAsync(HostileDrive hostile)
    {
        for (var cloud = 0; cloud < hostile.CloudCount; cloud++)
        {
            foreach (var name in await hostile.ObjectsAsync(cloud))
            {
                yield return ($"the name of {name} at cloud {cloud}", Bytes(name));
                yield return ($"{name} at cloud {cloud}", await hostile.GetAsync(cloud, name));
            }
        }
        foreach (var file in Directory.EnumerateFiles(hostile.StatePath, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(hostile.StatePath, file);
            yield return ($"the name of {relative}", Bytes(relative));
            if (relative != "lock")
                yield return (relative, HostileDrive.ReadShared(file));
        }
    }

    private static List<(string What, byte[] Bytes)> Needles()
    {
        var needles = new List<(string, byte[])>();
        foreach (var text in new[] { FileName, FolderName, Content[4..30], AttributeName[5..], AttributeValue, LinkTarget, HostileDrive.PassphraseText })
            AddText(needles, text);
        Span<byte> size = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(size, FileSize);
        needles.Add(("the size of a file", size[..5].ToArray()));
        BinaryPrimitives.WriteInt64BigEndian(size, FileSize);
        needles.Add(("the size of a file (big-endian)", size[3..].ToArray()));
        needles.Add(("the size of a file (decimal)", Bytes($"{FileSize}")));
        return needles;
    }

    /// <summary>A text as it is, in UTF-16, in hexadecimal and in Base64 at each of its three alignments.</summary>
    private static void AddText(List<(string, byte[])> needles, string text)
    {
        var bytes = Bytes(text);
        needles.Add(($"'{text}'", bytes));
        needles.Add(($"'{text}' in UTF-16", Encoding.Unicode.GetBytes(text)));
        needles.Add(($"'{text}' in big-endian UTF-16", Encoding.BigEndianUnicode.GetBytes(text)));
        needles.Add(($"'{text}' in hexadecimal", Bytes(Convert.ToHexString(bytes))));
        needles.Add(($"'{text}' in lower hexadecimal", Bytes(Convert.ToHexStringLower(bytes))));
        for (var shift = 0; shift < 3; shift++)
        {
            // The first and last characters depend on what is around.
            var encoded = Convert.ToBase64String([.. new byte[shift], .. bytes]);
            needles.Add(($"'{text}' in Base64 at {shift}", Bytes(encoded[(shift == 0 ? 0 : 4)..(bytes.Length / 3 * 4)])));
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
