using System.Text;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Names, links and renaming on a real mount.</summary>
public class NamesTests(Mounts mounts)
{
    public static TheoryData<Dispatch> Both => new(Dispatch.Inline, Dispatch.Asynchronous);

    [Theory, MemberData(nameof(Both))]
    public void Names_of_255_bytes_of_any_value_but_slash_and_nul_are_kept(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        byte[] anything = [.. Enumerable.Range(1, 255).Select(value => (byte)value).Where(value => value != (byte)'/'), 7];
        Assert.Equal(255, anything.Length);
        byte[] path = [.. Encoding.UTF8.GetBytes(folder), (byte)'/', .. anything];
        var file = Posix.Open(path, Posix.Create | Posix.WriteOnly);
        Assert.True(file >= 0);
        Posix.Close(file);
        Assert.Contains(DirectoryListing.Read(folder), name => name.SequenceEqual(anything));
        Assert.Equal(Minus.ENAMETOOLONG, Posix.Open([.. path, 65], Posix.Create | Posix.WriteOnly));
        Assert.Equal(0, Posix.Remove(path));
    }

    [Theory, MemberData(nameof(Both))]
    public void Paths_of_4095_bytes_work_and_longer_ones_do_not(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var path = folder;
        while (path.Length + 1 + 200 < 4095 - 2)
        {
            path += "/" + new string('d', 200);
            Assert.Equal(0, Posix.MakeDirectory(path));
        }
        path += "/" + new string('f', 4095 - path.Length - 1);
        Assert.Equal(4095, path.Length);
        var file = Posix.Open(path, Posix.Create | Posix.WriteOnly);
        Assert.True(file >= 0);
        Posix.Close(file);
        Assert.Equal(Minus.ENAMETOOLONG, Posix.Open(path + "x", Posix.ReadOnly));
    }

    [Theory, MemberData(nameof(Both))]
    public void Hard_links_share_the_inode_and_are_counted(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        File.WriteAllText($"{folder}/a", "content");
        for (var i = 0; i < 50; i++)
            Assert.Equal(0, Posix.Link($"{folder}/a", $"{folder}/link{i}"));
        Assert.Equal(51U, Posix.Status($"{folder}/a").Links);
        Assert.Equal(Posix.Status($"{folder}/a").Inode, Posix.Status($"{folder}/link49").Inode);
        Assert.Equal(0, Posix.Remove($"{folder}/a"));
        Assert.Equal(50U, Posix.Status($"{folder}/link0").Links);
        Assert.Equal("content", File.ReadAllText($"{folder}/link7"));
        Assert.Equal(Minus.EEXIST, Posix.Link($"{folder}/link0", $"{folder}/link1"));
        Assert.Equal(Minus.EPERM, Posix.Link(folder, $"{folder}/directory"));
    }

    [Theory, MemberData(nameof(Both))]
    public void Symbolic_links_keep_their_target(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var target = new string('t', 4000);
        Assert.Equal(0, Posix.SymbolicLink(target, $"{folder}/link"));
        Assert.Equal(target, new FileInfo($"{folder}/link").LinkTarget);
        Assert.Equal(4000, Posix.Status($"{folder}/link").Size);
        Assert.Equal(0, Posix.SymbolicLink("loop", $"{folder}/loop"));
        Assert.Equal(Minus.ELOOP, Posix.Open($"{folder}/loop", Posix.ReadOnly));
    }

    [Theory, MemberData(nameof(Both))]
    public void Directories_count_their_subdirectories(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        Assert.Equal(2U, Posix.Status(folder).Links);
        Posix.MakeDirectory($"{folder}/a");
        Posix.MakeDirectory($"{folder}/b");
        Assert.Equal(4U, Posix.Status(folder).Links);
        Assert.Equal(0, Posix.Rename($"{folder}/a", $"{folder}/b/a"));
        Assert.Equal(3U, Posix.Status(folder).Links);
        Assert.Equal(3U, Posix.Status($"{folder}/b").Links);
        Assert.Equal(Minus.ENOTEMPTY, Posix.RemoveDirectory($"{folder}/b"));
        Assert.Equal(0, Posix.RemoveDirectory($"{folder}/b/a"));
        Assert.Equal(Minus.EISDIR, Posix.Remove($"{folder}/b"));
        Assert.Equal(0, Posix.RemoveDirectory($"{folder}/b"));
        Assert.Equal(2U, Posix.Status(folder).Links);
    }

    [Theory, MemberData(nameof(Both))]
    public void Rename_replaces_and_its_flags_do_what_they_say(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        File.WriteAllText($"{folder}/a", "a");
        File.WriteAllText($"{folder}/b", "b");
        Assert.Equal(Minus.EEXIST, Posix.Rename($"{folder}/a", $"{folder}/b", Posix.RenameNoReplace));
        Assert.Equal(0, Posix.Rename($"{folder}/a", $"{folder}/b", Posix.RenameExchange));
        Assert.Equal("b", File.ReadAllText($"{folder}/a"));
        Assert.Equal("a", File.ReadAllText($"{folder}/b"));
        Assert.Equal(0, Posix.Rename($"{folder}/a", $"{folder}/b"));
        Assert.Equal("b", File.ReadAllText($"{folder}/b"));
        Assert.Equal(Minus.ENOENT, Posix.Rename($"{folder}/a", $"{folder}/c"));
        Assert.Equal(Minus.ENOENT, Posix.Rename($"{folder}/b", $"{folder}/missing", Posix.RenameExchange));
        Assert.Equal(0, Posix.Rename($"{folder}/b", $"{folder}/c", Posix.RenameWhiteout));
        Assert.Equal(0x2000U, Posix.Status($"{folder}/b").Type);
        Assert.Equal("b", File.ReadAllText($"{folder}/c"));
    }

    [Theory, MemberData(nameof(Both))]
    public void Rename_refuses_loops_and_wrong_kinds(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        Directory.CreateDirectory($"{folder}/a/b/c");
        Directory.CreateDirectory($"{folder}/empty");
        File.WriteAllText($"{folder}/file", "");
        Assert.Equal(Minus.EINVAL, Posix.Rename($"{folder}/a", $"{folder}/a/b/x"));
        Assert.Equal(Minus.EINVAL, Posix.Rename($"{folder}/a", $"{folder}/a/b/c", Posix.RenameExchange));
        Assert.Equal(Minus.ENOTEMPTY, Posix.Rename($"{folder}/empty", $"{folder}/a"));
        Assert.Equal(Minus.ENOTDIR, Posix.Rename($"{folder}/a", $"{folder}/file"));
        Assert.Equal(Minus.EISDIR, Posix.Rename($"{folder}/file", $"{folder}/empty"));
        Assert.Equal(0, Posix.Rename($"{folder}/a", $"{folder}/empty"));
        Assert.True(Directory.Exists($"{folder}/empty/b/c"));
        Assert.Equal(0, Posix.Rename($"{folder}/empty/b", $"{folder}/file", Posix.RenameExchange));
        Assert.True(Directory.Exists($"{folder}/file/c"));
    }

    [Theory, MemberData(nameof(Both))]
    public void Removed_and_replaced_files_live_on_while_open(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        File.WriteAllText($"{folder}/a", "first");
        File.WriteAllText($"{folder}/b", "second");
        var removed = Posix.Open($"{folder}/a", Posix.ReadWrite);
        var replaced = Posix.Open($"{folder}/b", Posix.ReadWrite);
        Assert.Equal(0, Posix.Remove($"{folder}/a"));
        File.WriteAllText($"{folder}/c", "third");
        Assert.Equal(0, Posix.Rename($"{folder}/c", $"{folder}/b"));
        var buffer = new byte[16];
        Assert.Equal(5, Posix.Read(removed, buffer));
        Assert.Equal("first"u8, buffer.AsSpan(0, 5));
        Assert.Equal(6, Posix.Read(replaced, buffer));
        Assert.Equal("second"u8, buffer.AsSpan(0, 6));
        Assert.Equal(3, Posix.Write(removed, "new"u8, 100_000));
        Assert.Equal(100_003, Posix.Status(removed).Size);
        Assert.Equal(0U, Posix.Status(removed).Links);
        Assert.Equal("third", File.ReadAllText($"{folder}/b"));
        Posix.Close(removed);
        Posix.Close(replaced);
    }

    [Theory, MemberData(nameof(Both))]
    public void Unnamed_files_can_be_given_a_name(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var file = Posix.Open(folder, Posix.TemporaryFile | Posix.ReadWrite, 0x180);
        Assert.True(file >= 0, $"O_TMPFILE: {file}");
        Assert.Equal(4, Posix.Write(file, "data"u8));
        Assert.Equal(0U, Posix.Status(file).Links);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        Assert.Equal(0, Posix.LinkAt(Posix.AtCurrent, $"/proc/self/fd/{file}", Posix.AtCurrent, $"{folder}/named", Posix.AtSymlinkFollow));
        Posix.Close(file);
        Assert.Equal("data", File.ReadAllText($"{folder}/named"));
        Assert.Equal(1U, Posix.Status($"{folder}/named").Links);
    }

    [Theory, MemberData(nameof(Both))]
    public void Special_files_keep_their_kind(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        Assert.Equal(0, Posix.MakeFifo($"{folder}/fifo"));
        Assert.Equal(0x1000U, Posix.Status($"{folder}/fifo").Type);
        if (Posix.UserId() != 0)
            return;
        Assert.Equal(0, Posix.MakeNode($"{folder}/device", 0x2000 | 0x1B6, 0x103));
        Assert.Equal(0x2000U, Posix.Status($"{folder}/device").Type);
    }
}
