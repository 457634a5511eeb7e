using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Mount.Tests;

public class MountTableTests
{
    [Fact]
    public void A_line_is_taken_apart()
    {
        var entry = MountTable.Parse(@"36 35 0:39 /sub /mnt/my\040drive\134x rw,noatime master:1 shared:2 - fuse.cuckoo my\040name rw,user_id=0");
        Assert.Equal(new MountTableEntry(@"/mnt/my drive\x", "0:39", "fuse.cuckoo", "my name"), entry);
    }

    [Theory]
    [InlineData("")]
    [InlineData("36 35 0:39 / /mnt rw")]
    [InlineData("36 35 0:39 / /mnt rw -")]
    [InlineData("36 35 0:39 / /mnt rw - fuse")]
    public void What_is_not_such_a_line_is_nothing(string line) => Assert.Null(MountTable.Parse(line));

    [Fact]
    public void The_root_is_a_mount_point_and_a_new_folder_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        Assert.True(MountTable.IsMountPoint("/"));
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            Assert.False(MountTable.IsMountPoint(folder.FullName));
            Assert.False(MountTable.IsStale(folder.FullName));
        }
        finally
        {
            folder.Delete();
        }
    }

    [Fact]
    public void Paths_are_found_through_links_and_dots()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "link"), "/");
            Assert.True(MountTable.IsMountPoint(Path.Combine(folder.FullName, "link/./proc/../proc")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
