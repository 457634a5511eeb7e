using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Modes, owners and times on a real mount.</summary>
public class AttributesTests(Mounts mounts)
{
    private const int Nobody = 65534;

    public static TheoryData<Dispatch> Both => new(Dispatch.Inline, Dispatch.Asynchronous);

    [Theory, MemberData(nameof(Both))]
    public void Times_of_all_years_are_kept_to_the_nanosecond(Dispatch dispatch)
    {
        var path = $"{mounts.NewFolder(dispatch)}/file";
        File.WriteAllText(path, "");
        foreach (var seconds in new[] { -2_177_452_800, -1, 0, 4_102_444_800, 15_032_385_535, 100_000_000_000 })
        {
            var time = new Timestamp(seconds, 123_456_789);
            Assert.Equal(0, Posix.SetTimes(path, time, time));
            var status = Posix.Status(path);
            Assert.Equal(time, status.Accessed);
            Assert.Equal(time, status.Modified);
        }
        var before = Posix.Status(path).Modified;
        Assert.Equal(0, Posix.SetTimes(path, new Timestamp(7, 8), null));
        Assert.Equal(new Timestamp(7, 8), Posix.Status(path).Accessed);
        Assert.Equal(before, Posix.Status(path).Modified);
    }

    [Theory, MemberData(nameof(Both))]
    public void Changes_move_the_times_that_posix_says(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var path = $"{folder}/file";
        File.WriteAllText(path, "");
        Posix.SetTimes(path, new Timestamp(1, 0), new Timestamp(1, 0));
        Posix.SetTimes(folder, new Timestamp(1, 0), new Timestamp(1, 0));
        var born = Posix.Status(path);
        File.AppendAllText(path, "more");
        var written = Posix.Status(path);
        Assert.True(written.Modified.Seconds > 1);
        Assert.True(written.Changed.CompareTo(born.Changed) >= 0);
        Assert.Equal(born.Born, written.Born);
        Assert.Equal(1, Posix.Status(folder).Modified.Seconds);
        Posix.Link(path, path + "2");
        Assert.True(Posix.Status(folder).Modified.Seconds > 1);
        Assert.True(Posix.Status(path).Changed.CompareTo(written.Changed) >= 0);
    }

    [Theory, MemberData(nameof(Both))]
    public void Reading_renews_an_access_time_that_is_older_than_the_change(Dispatch dispatch)
    {
        var path = $"{mounts.NewFolder(dispatch)}/file";
        File.WriteAllText(path, "content");
        Posix.SetTimes(path, new Timestamp(1, 0), null);
        var file = Posix.Open(path, Posix.ReadOnly);
        Assert.Equal(0, Posix.DropCache(file));
        Posix.Read(file, new byte[10]);
        Posix.Close(file);
        Assert.True(Posix.Status(path).Accessed.Seconds > 1);
    }

    [Theory, MemberData(nameof(Both))]
    public void New_files_get_umask_and_owner_and_set_group_id_folders_pass_on_their_group(Dispatch dispatch)
    {
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root");
        var folder = mounts.NewFolder(dispatch);
        Assert.Equal(0, Posix.ChangeOwner(folder, 0, 4242));
        Assert.Equal(0, Posix.ChangeMode(folder, 0x5FF));
        Posix.Close(Posix.Open($"{folder}/file", Posix.Create | Posix.WriteOnly, 0x1FF));
        Posix.MakeDirectory($"{folder}/sub");
        Assert.Equal(4242U, Posix.Status($"{folder}/file").Gid);
        Assert.Equal(0U, Posix.Status($"{folder}/file").Permissions & 0x400);
        Assert.Equal(4242U, Posix.Status($"{folder}/sub").Gid);
        Assert.Equal(0x400U, Posix.Status($"{folder}/sub").Permissions & 0x400);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Writing_by_another_user_clears_set_user_id(Dispatch dispatch)
    {
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root");
        var folder = mounts.NewFolder(dispatch);
        Assert.Equal(0, Posix.ChangeMode(folder, 0x1FF));
        foreach (var command in new[] { "echo x >> PATH", "echo x > PATH", "truncate -s 1 PATH" })
        {
            var path = $"{folder}/{Guid.NewGuid():N}";
            File.WriteAllText(path, "some content");
            Posix.ChangeMode(path, 0xDFF);
            Assert.Equal(0, await Shell.RunAsNobodyAsync(command.Replace("PATH", path, StringComparison.Ordinal)));
            Assert.Equal(0x1FFU, Posix.Status(path).Permissions);
        }
        var owned = $"{folder}/owned";
        File.WriteAllText(owned, "");
        Posix.ChangeMode(owned, 0xDFF);
        Assert.Equal(0, Posix.ChangeOwner(owned, Nobody, Nobody));
        Assert.Equal(0x1FFU, Posix.Status(owned).Permissions);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Sticky_folders_protect_names_of_others(Dispatch dispatch)
    {
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root");
        var folder = mounts.NewFolder(dispatch);
        Assert.Equal(0, Posix.ChangeMode(folder, 0x3FF));
        File.WriteAllText($"{folder}/roots", "");
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync($"rm -f {folder}/roots"));
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync($"mv {folder}/roots {folder}/x"));
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"touch {folder}/own && rm {folder}/own"));
        Posix.ChangeMode($"{folder}/roots", 0x180);
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync($"cat {folder}/roots"));
    }

    [Theory, MemberData(nameof(Both))]
    public void Space_is_told_and_goes_down(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var before = Posix.FileSystemStatus(folder);
        Assert.Equal(4096U, before.BlockSize);
        Assert.Equal(255U, before.NameMaximum);
        Assert.InRange(before.BlocksFree, 1, before.Blocks);
        var file = Posix.Open($"{folder}/file", Posix.Create | Posix.WriteOnly);
        Assert.Equal(0, Posix.Allocate(file, 0, 0, 1L << 30));
        Posix.Close(file);
        // Other tests use the same mount: only what is far more than they can take is telling.
        Assert.True(Posix.FileSystemStatus(folder).BlocksFree <= before.BlocksFree - (1 << 16));
        Assert.Equal(1L << 21, Posix.Status($"{folder}/file").Blocks);
        File.Delete($"{folder}/file");
    }
}
