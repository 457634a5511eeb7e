using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>Each mistake: one clear sentence, status 1 or 2, nothing lost and nothing left behind.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("htp:/x", "htp")]
    [InlineData("/mnt/nas", "file:///")]
    [InlineData("", "address")]
    [InlineData("file://host/share", "file")]
    [InlineData("file:///tmp?speed=9", "speed")]
    public async Task A_bad_address_is_explained(string address, string part)
    {
        using var folder = new TemporaryFolder();

        var result = await CuckooProcess.RunAsync(folder.Environment, "create", "photos", "--cloud", address);

        result.MustFail(2, part);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "home", "state", "drives", "photos")));
    }

    [Fact]
    public async Task A_drive_is_not_made_where_nothing_lasts()
    {
        using var folder = new TemporaryFolder();

        (await CuckooProcess.RunAsync(folder.Environment, "create", "photos", "--cloud", "memory:a")).MustFail(2, "memory:a", "keeps nothing");
    }

    [Fact]
    public async Task Empty_paths_are_explained()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        (await drive.RunAsync("mount", MountedDrive.Name, "")).MustFail(2, "mount point is empty");
        (await drive.RunAsync("unmount", "")).MustFail(2, "mount point is empty");
        (await drive.RunAsync("key", "list", MountedDrive.Name, "--passphrase-file", "")).MustFail(2, "empty");
        (await drive.RunAsync("key", "list", MountedDrive.Name, "--key-file", "")).MustFail(2, "empty");
        (await drive.RunAsync("key", "add", MountedDrive.Name, "--new-key-file", "")).MustFail(2, "empty");
        (await drive.RunAsync("storage", "ls", $"file://{drive.Clouds[0]}", "--secrets-file", "")).MustFail(2, "secrets");
    }

    [Theory]
    [InlineData("--help", ">", 1)]
    [InlineData("nonsense", "2>", 2)]
    [InlineData("status nothing", "2>", 1)]
    public async Task Where_nothing_can_be_printed_the_exit_status_still_tells(string arguments, string redirection, int status)
    {
        var result = await CuckooProcess.ToolAsync("sh", "-c", $"'{CuckooProcess.Executable}' {arguments} {redirection} /dev/full");

        Assert.Equal(status, result.ExitStatus);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interval_at_which_the_journal_could_not_be_sent_is_refused()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        drive.ExtraEnvironment["CUCKOO_SETTING_JournalInterval"] = "0";

        (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustFail(2, "JournalInterval");
    }

    [Fact]
    public async Task A_cloud_given_twice_is_refused()
    {
        using var folder = new TemporaryFolder();
        var address = $"file://{folder.Sub("a")}";

        var result = await CuckooProcess.RunAsync(folder.Environment, "create", "photos", "--cloud", address, "--cloud", address + "/");

        result.MustFail(2, "twice");
    }

    [Theory]
    [InlineData("4")]
    [InlineData("-1")]
    public async Task Surviving_what_cannot_be_survived_is_refused(string survive)
    {
        using var folder = new TemporaryFolder();

        var result = await CuckooProcess.RunAsync(
            folder.Environment, "create", "photos", "--cloud", $"file://{folder.Sub("a")}", "--cloud", $"file://{folder.Sub("b")}", "--survive", survive);

        Assert.InRange(result.ExitStatus, 1, 2);
        result.MustFail(result.ExitStatus, "cloud");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, "a"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Without_a_passphrase_and_a_terminal_the_command_says_how_to_give_one()
    {
        using var folder = new TemporaryFolder();
        var environment = folder.Environment;
        environment.Remove("CUCKOO_PASSPHRASE");

        var result = await CuckooProcess.RunAsync(environment, "create", "photos", "--cloud", $"file://{folder.Sub("a")}");

        result.MustFail(2, "--passphrase-file", "CUCKOO_PASSPHRASE");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "a")));
    }

    [Fact]
    public async Task A_wrong_passphrase_opens_nothing_and_loses_nothing()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["CUCKOO_PASSPHRASE"] = "wrong" };

        (await CuckooProcess.RunAsync(environment, "mount", MountedDrive.Name, drive.MountPoint)).MustFail(1, "passphrase");
        (await CuckooProcess.RunAsync(environment, "key", "list", MountedDrive.Name)).MustFail(1, "passphrase");
        (await CuckooProcess.RunAsync(environment, "attach", "again", "--cloud", $"file://{drive.Clouds[0]}", "--cloud", $"file://{drive.Clouds[1]}", "--cloud", $"file://{drive.Clouds[2]}"))
            .MustFail(1, "passphrase");

        await drive.MountAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(drive.MountPoint));
    }

    [Fact]
    public async Task A_header_from_another_drive_is_recognised()
    {
        await using var mine = await MountedDrive.CreateUnmountedAsync();
        await using var other = await MountedDrive.CreateUnmountedAsync();
        Directory.Delete(mine.Clouds[0], recursive: true);
        (await CuckooProcess.ToolAsync("cp", "-a", other.Clouds[0], mine.Clouds[0])).MustSucceed();

        await mine.LoseMachineAsync();
        var result = await mine.AttachAsync();

        result.MustFail(1, "drive");
        // The rightful owner of the foreign cloud is not disturbed.
        await other.MountAsync();
    }

    [Fact]
    public async Task Creating_over_the_clouds_of_another_drive_is_refused()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var before = Directory.EnumerateFiles(drive.Clouds[0], "*", SearchOption.AllDirectories).Order().ToList();

        var result = await drive.RunAsync("create", "second", "--cloud", $"file://{drive.Clouds[0]}", "--cloud", $"file://{drive.Clouds[1]}");

        result.MustFail(1, "drive");
        Assert.Equal(before, Directory.EnumerateFiles(drive.Clouds[0], "*", SearchOption.AllDirectories).Order());
        Assert.False(Directory.Exists(Path.Combine(drive.Home, "state", "drives", "second")));
    }

    [Fact]
    public async Task A_drive_that_has_lost_its_header_is_not_removed_by_making_another_of_its_name()
    {
        await using var drive = await MountedDrive.CreateAsync();
        foreach (var cloud in drive.Clouds)
            Directory.Move(cloud, cloud + ".away");
        File.WriteAllText(drive.PathOf("only copy"), "hello");
        await drive.UnmountAsync();
        var header = Path.Combine(drive.Home, "state", "drives", MountedDrive.Name, "volume", "header");
        File.Move(header, header + ".lost");

        (await drive.RunAsync("create", MountedDrive.Name, "--cloud", $"file://{drive.Root}/new")).MustFail(1, "lost its header", "move the folder away");
        foreach (var cloud in drive.Clouds)
            Directory.Move(cloud + ".away", cloud);
        (await drive.AttachAsync()).MustFail(1, "lost its header", "move the folder away");

        File.Move(header + ".lost", header);
        await drive.MountAsync();
        Assert.Equal("hello", File.ReadAllText(drive.PathOf("only copy")));
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_and_one_that_is_not_known_explained()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        (await drive.RunAsync("create", MountedDrive.Name, "--cloud", $"file://{drive.Root}/new")).MustFail(1, "already");
        (await drive.RunAsync("mount", "nothing", drive.MountPoint)).MustFail(1, "no drive 'nothing'");
        (await drive.RunAsync("status", "nothing")).MustFail(1, "no drive 'nothing'");
        (await drive.RunAsync("flush", "nothing")).MustFail(1, "no drive 'nothing'");
    }

    [Fact]
    public async Task A_mount_point_must_be_an_empty_folder_where_nothing_is_mounted()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        await using var other = await MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = 1, Survive = 0 });
        var file = Path.Combine(drive.Root, "file");
        File.WriteAllText(file, "x");
        var full = Directory.CreateDirectory(Path.Combine(drive.Root, "full")).FullName;
        File.WriteAllText(Path.Combine(full, "precious"), "x");

        (await drive.RunAsync("mount", MountedDrive.Name, Path.Combine(drive.Root, "missing"))).MustFail(1, "does not exist", "mkdir");
        (await drive.RunAsync("mount", MountedDrive.Name, file)).MustFail(1, "is a file");
        (await drive.RunAsync("mount", MountedDrive.Name, full)).MustFail(1, "not empty");
        (await drive.RunAsync("mount", MountedDrive.Name, other.MountPoint)).MustFail(1, "already mounted", "cuckoo unmount");
        (await drive.RunAsync("mount", MountedDrive.Name, "/proc")).MustFail(1, "already mounted");

        Assert.Equal("x", File.ReadAllText(Path.Combine(full, "precious")));
    }

    [Fact]
    public async Task Unmounting_what_is_not_ours_is_explained()
    {
        using var folder = new TemporaryFolder();

        (await CuckooProcess.RunAsync(folder.Environment, "unmount", folder.Path)).MustFail(1, "Nothing is mounted");
        (await CuckooProcess.RunAsync(folder.Environment, "unmount", "/proc")).MustFail(1, "not a drive of cuckoo");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_explained()
    {
        using var folder = new TemporaryFolder();

        // Not even root can make a folder in /proc.
        var cloud = await CuckooProcess.RunAsync(folder.Environment, "create", "photos", "--cloud", "file:///proc/nowhere");
        var environment = folder.Environment;
        environment["CUCKOO_HOME"] = "/proc/nowhere";
        var state = await CuckooProcess.RunAsync(environment, "create", "photos", "--cloud", $"file://{folder.Sub("a")}");

        cloud.MustFail(1, "/proc/nowhere");
        state.MustFail(1, "/proc/nowhere");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, "a"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_passphrase_file_must_exist_and_say_something()
    {
        using var folder = new TemporaryFolder();
        var empty = Path.Combine(folder.Path, "empty");
        File.WriteAllText(empty, "\n");
        File.SetUnixFileMode(empty, UnixFileMode.UserRead);
        string[] create = ["create", "photos", "--cloud", $"file://{folder.Sub("a")}", "--passphrase-file"];

        (await CuckooProcess.RunAsync(folder.Environment, [.. create, Path.Combine(folder.Path, "missing")])).MustFail(2, "does not exist");
        (await CuckooProcess.RunAsync(folder.Environment, [.. create, folder.Path])).MustFail(1, "cannot be read");
        (await CuckooProcess.RunAsync(folder.Environment, [.. create, empty])).MustFail(2, "is empty");
    }

    [Fact]
    public async Task A_passphrase_file_that_is_no_text_is_refused()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var binary = Path.Combine(drive.Root, "binary");
        File.WriteAllBytes(binary, [0xC3, 0x28, 0xFF, 0xFE]);
        File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        (await drive.RunAsync("key", "add", MountedDrive.Name, "--new-passphrase-file", binary)).MustFail(2, binary, "UTF-8", "key file");
        (await drive.RunAsync("key", "list", MountedDrive.Name, "--passphrase-file", binary)).MustFail(2, binary, "UTF-8");
    }

    [Theory]
    [InlineData("{ \"StagingLimt\": \"1GiB\" }", "StagingLimt", "StagingLimit")]
    [InlineData("{ \"Drives\": { \"test\": { \"JournalIntervall\": \"5\" } } }", "Drives:test:JournalIntervall", "JournalInterval")]
    [InlineData("{ \"Colour\": \"blue\" }", "Colour", "DiskCacheLimit")]
    [InlineData("{ \"StagingLimit\": { \"test\": \"1GiB\" } }", "StagingLimit:test", "StagingLimit")]
    [InlineData("{ \"Drives\": \"1GiB\" }", "Drives", "NAME")]
    public async Task A_setting_that_does_not_exist_is_named(string content, string setting, string known)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var settings = Path.Combine(drive.Home, "config", "settings.json");
        Directory.CreateDirectory(Path.GetDirectoryName(settings)!);
        File.WriteAllText(settings, content);

        (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustFail(2, settings, $"'{setting}'", known);
    }

    [Fact]
    public async Task Settings_that_cannot_be_read_are_not_left_out()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var settings = Path.Combine(drive.Home, "config", "settings.json");
        Directory.CreateDirectory(settings);
        (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustFail(2, settings, "folder");
        Directory.Delete(settings);

        drive.ExtraEnvironment["CUCKOO_SETTING_DiskCachLimit"] = "1GiB";
        (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustFail(2, "'CUCKOO_SETTING_DiskCachLimit'", "DiskCacheLimit");
    }

    [Fact]
    public async Task A_settings_file_that_is_wrong_is_named()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var settings = Path.Combine(drive.Home, "config", "settings.json");
        Directory.CreateDirectory(Path.GetDirectoryName(settings)!);

        File.WriteAllText(settings, "{ \"StagingLimit\": ");
        (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustFail(2, "settings.json", "JSON");
        File.WriteAllText(settings, "{ \"StagingLimit\": \"much\" }");
        (await drive.RunAsync("mount", MountedDrive.Name, drive.MountPoint)).MustFail(2, "StagingLimit", "much");
        File.WriteAllText(settings, "{ \"StagingLimit\": \"1GiB\", \"Drives\": { \"test\": { \"MemoryCacheLimit\": \"32MiB\" } } }");
        await drive.MountAsync();
    }
}
