using System.Globalization;
using System.Text.Json;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class KeyTests
{
    [Fact]
    public async Task A_second_passphrase_opens_the_drive_and_the_first_can_be_removed()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var second = Path.Combine(drive.Root, "second.pass");
        File.WriteAllText(second, "another passphrase\n");
        File.SetUnixFileMode(second, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        (await drive.RunAsync("key", "add", "test", "--new-passphrase-file", second, "--label", "laptop")).MustSucceed();
        var listed = (await drive.RunAsync("key", "list", "test", "--passphrase-file", second)).MustSucceed();
        var numbers = await NumbersAsync(drive);
        (await drive.RunAsync("key", "remove", "test", numbers[0], "--passphrase-file", second)).MustSucceed();
        var old = await drive.RunAsync("key", "list", "test");
        var again = await drive.RunAsync("key", "remove", "test", numbers[0], "--passphrase-file", second);
        var last = await drive.RunAsync("key", "remove", "test", numbers[1], "--passphrase-file", second);

        Assert.Contains("laptop", listed.Output, StringComparison.Ordinal);
        old.MustFail(1, "passphrase");
        again.MustFail(2, $"no key {numbers[0]}");
        last.MustFail(2, "last key");
        (await drive.RunAsync("mount", "test", drive.MountPoint, "--passphrase-file", second)).MustSucceed();
        (await drive.RunAsync("unmount", drive.MountPoint)).MustSucceed();
    }

    [Fact]
    public async Task A_recovery_key_opens_the_drive_on_a_new_machine_however_it_is_typed()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");
        await drive.FlushAsync();
        using var added = JsonDocument.Parse((await drive.RunAsync("key", "add", "test", "--recovery-key", "--json")).MustSucceed().Output);
        var key = added.RootElement.GetProperty("recoveryKey").GetString()!;

        await drive.LoseMachineAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["CUCKOO_PASSPHRASE"] = key.Replace('-', ' ').ToLowerInvariant() };
        string[] clouds = [.. drive.Clouds.SelectMany(cloud => new[] { "--cloud", $"file://{cloud}" })];
        (await CuckooProcess.RunAsync(environment, ["attach", "test", .. clouds])).MustSucceed();
        (await CuckooProcess.RunAsync(environment, "mount", "test", drive.MountPoint)).MustSucceed();

        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
        await drive.UnmountAsync();
    }

    [Fact]
    public async Task A_key_file_opens_the_drive_and_is_private()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var file = Path.Combine(drive.Root, "drive.key");
        var withoutPassphrase = new Dictionary<string, string?>(drive.Environment);
        withoutPassphrase.Remove("CUCKOO_PASSPHRASE");

        (await drive.RunAsync("key", "add", "test", "--new-key-file", file)).MustSucceed();
        var again = await drive.RunAsync("key", "add", "test", "--new-key-file", file);
        (await CuckooProcess.RunAsync(withoutPassphrase, "mount", "test", drive.MountPoint, "--key-file", file)).MustSucceed();
        (await drive.RunAsync("unmount", drive.MountPoint)).MustSucceed();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        again.MustFail(1, "exists already");
    }

    [Fact]
    public async Task Keys_are_added_while_the_drive_is_mounted()
    {
        await using var drive = await MountedDrive.CreateAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["CUCKOO_NEW_PASSPHRASE"] = "the new one" };

        (await CuckooProcess.RunAsync(environment, "key", "add", "test")).MustSucceed();
        File.WriteAllText(drive.PathOf("a"), "hello");
        await drive.UnmountAsync();
        environment["CUCKOO_PASSPHRASE"] = "the new one";
        (await CuckooProcess.RunAsync(environment, "mount", "test", drive.MountPoint)).MustSucceed();

        Assert.Equal("hello", File.ReadAllText(drive.PathOf("a")));
        await drive.UnmountAsync();
    }

    [Fact]
    public async Task A_key_is_not_removed_by_itself_and_the_one_removed_is_named()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["CUCKOO_NEW_PASSPHRASE"] = "the new one" };
        (await CuckooProcess.RunAsync(environment, "key", "add", "test", "--label", "laptop")).MustSucceed();

        var numbers = await NumbersAsync(drive);
        var itself = await drive.RunAsync("key", "remove", "test", numbers[0]);
        var other = (await drive.RunAsync("key", "remove", "test", numbers[1])).MustSucceed();

        itself.MustFail(2, "stays");
        Assert.Contains("the passphrase 'laptop'", other.Output, StringComparison.Ordinal);
        (await drive.RunAsync("key", "list", "test")).MustSucceed();
    }

    [Fact]
    public async Task Removing_a_key_that_does_not_exist_is_explained()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();

        (await drive.RunAsync("key", "remove", "test", "7")).MustFail(2, "no key 7");
        (await drive.RunAsync("key", "remove", "test", "seven")).MustFail(2, "seven");
        (await drive.RunAsync("key", "add", "test", "--recovery-key", "--new-key-file", "x")).MustFail(2, "only one");
    }

    /// <summary>What the drive's keys are called, in the order of the list.</summary>
    private static async Task<string[]> NumbersAsync(MountedDrive drive)
    {
        using var list = JsonDocument.Parse((await drive.RunAsync("key", "list", "test", "--json")).MustSucceed().Output);
        return [.. list.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("slot").GetInt32().ToString(CultureInfo.InvariantCulture))];
    }
}
