using System.Text;
using CuckooDrive.Core.Volume;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Memory;

/// <summary>What no mount can show of the file system in memory: references, lifetimes, limits.</summary>
public class MemoryFileSystemTests
{
    private const ulong Root = IFileSystem.RootInode;
    private const uint Regular = 0x8000 | 0x1A4;

    private static readonly Caller User = new(1000, 1000);

    private readonly MemoryFileSystem _files = new(TimeProvider.System);

    [Fact]
    public async Task An_inode_goes_when_neither_named_nor_referenced_nor_open()
    {
        var created = (await _files.CreateAsync(Root, Name("a"), Regular, OpenOptions.Read | OpenOptions.Write, User, default)).Value;
        var inode = created.Entry.Attributes.Inode;
        await _files.LookupAsync(Root, Name("a"), default);
        Assert.Equal(2, _files.InodeCount);
        Assert.Equal(FsError.None, await _files.UnlinkAsync(Root, Name("a"), default));
        _files.Forget(inode, 1);
        _files.Release(inode, created.Handle);
        Assert.Equal(2, _files.InodeCount);
        _files.Forget(inode, 1);
        Assert.Equal(1, _files.InodeCount);
        Assert.Equal(FsError.Stale, (await _files.GetAttributesAsync(inode, default)).Error);
    }

    [Fact]
    public async Task Giving_back_more_references_than_were_taken_is_a_bug_of_the_caller()
    {
        var inode = (await _files.MakeDirectoryAsync(Root, Name("a"), 0x1FF, User, default)).Value.Attributes.Inode;
        Assert.Throws<InvalidOperationException>(() => _files.Forget(inode, 2));
    }

    [Fact]
    public async Task Reading_a_directory_with_attributes_takes_references_for_exactly_what_the_sink_took()
    {
        for (var i = 0; i < 10; i++)
            _files.Forget((await _files.MakeNodeAsync(Root, Name($"{i}"), Regular, 0, User, default)).Value.Attributes.Inode, 1);
        var handle = (await _files.OpenDirectoryAsync(Root, default)).Value;
        var sink = new CountingSink(room: 5);
        await _files.ReadDirectoryAsync(Root, handle, 0, plus: true, sink, default);
        Assert.Equal(5, sink.Inodes.Count);
        foreach (var inode in sink.Inodes.Skip(2))
        {
            _files.Forget(inode, 1);
            Assert.Throws<InvalidOperationException>(() => _files.Forget(inode, 1));
        }
        _files.ReleaseDirectory(Root, handle);
    }

    [Fact]
    public async Task Files_have_at_most_65000_links()
    {
        var inode = (await _files.MakeNodeAsync(Root, Name("a"), Regular, 0, User, default)).Value.Attributes.Inode;
        for (var i = 1; i < MemoryFileSystem.LinkMaximum; i++)
            Assert.True((await _files.LinkAsync(inode, Root, Name($"{i}"), default)).Succeeded);
        Assert.Equal(FsError.TooManyLinks, (await _files.LinkAsync(inode, Root, Name("x"), default)).Error);
        Assert.Equal(FsError.None, await _files.UnlinkAsync(Root, Name("1"), default));
        Assert.True((await _files.LinkAsync(inode, Root, Name("x"), default)).Succeeded);
    }

    [Fact]
    public async Task A_folder_is_never_moved_into_itself_nor_swapped_with_what_it_holds()
    {
        var a = (await _files.MakeDirectoryAsync(Root, Name("a"), 0x1FF, User, default)).Value.Attributes.Inode;
        var b = (await _files.MakeDirectoryAsync(a, Name("b"), 0x1FF, User, default)).Value.Attributes.Inode;
        Assert.Equal(FsError.InvalidArgument, await _files.RenameAsync(Root, Name("a"), b, Name("c"), RenameOptions.None, default));
        Assert.Equal(FsError.InvalidArgument, await _files.RenameAsync(Root, Name("a"), a, Name("b"), RenameOptions.Exchange, default));
        Assert.Equal(FsError.InvalidArgument, await _files.RenameAsync(a, Name("b"), Root, Name("a"), RenameOptions.Exchange, default));
        Assert.Equal(FsError.NotEmpty, await _files.RenameAsync(a, Name("b"), Root, Name("a"), RenameOptions.None, default));
        Assert.Equal(FsError.InvalidArgument, await _files.RenameAsync(Root, Name("a"), Root, Name("x"), RenameOptions.Exchange | RenameOptions.NoReplace, default));
    }

    [Fact]
    public async Task Space_that_is_used_up_is_an_error_and_comes_back()
    {
        var small = new MemoryFileSystem(TimeProvider.System, capacity: 1 << 20);
        var file = (await small.CreateAsync(Root, Name("a"), Regular, OpenOptions.Write, User, default)).Value;
        var inode = file.Entry.Attributes.Inode;
        Assert.True((await small.WriteAsync(inode, file.Handle, 0, new byte[1 << 20], WriteOptions.None, default)).Succeeded);
        Assert.Equal(FsError.NoSpace, (await small.WriteAsync(inode, file.Handle, 1 << 20, new byte[1], WriteOptions.None, default)).Error);
        Assert.Equal(0, (await small.GetStatisticsAsync(default)).Value.BlocksFree);
        small.Release(inode, file.Handle);
        small.Forget(inode, 1);
        await small.UnlinkAsync(Root, Name("a"), default);
        Assert.Equal(256, (await small.GetStatisticsAsync(default)).Value.BlocksFree);
    }

    [Fact]
    public async Task Copies_keep_holes_and_refuse_to_overlap()
    {
        var file = (await _files.CreateAsync(Root, Name("a"), Regular, OpenOptions.Write, User, default)).Value;
        var target = (await _files.CreateAsync(Root, Name("b"), Regular, OpenOptions.Write, User, default)).Value;
        var (from, to) = (file.Entry.Attributes.Inode, target.Entry.Attributes.Inode);
        await _files.WriteAsync(from, file.Handle, 1L << 40, new byte[] { 1, 2, 3 }, WriteOptions.None, default);
        Assert.Equal((1L << 40) + 3, (await _files.CopyRangeAsync(from, file.Handle, 0, to, target.Handle, 0, long.MaxValue, default)).Value);
        var copy = (await _files.GetAttributesAsync(to, default)).Value;
        Assert.Equal((1L << 40) + 3, copy.Size);
        Assert.Equal(8, copy.Blocks);
        Assert.Equal(FsError.InvalidArgument, (await _files.CopyRangeAsync(from, file.Handle, 0, from, file.Handle, 10, 20, default)).Error);
    }

    private static ReadOnlyMemory<byte> Name(string name) => Encoding.UTF8.GetBytes(name);

    private sealed class CountingSink(int room) : IDirectorySink
    {
        public List<ulong> Inodes { get; } = [];

        public bool TryAdd(ReadOnlySpan<byte> name, ulong cookie, in Entry entry)
        {
            if (Inodes.Count == room)
                return false;
            Inodes.Add(entry.Attributes.Inode);
            return true;
        }
    }
}
