using System.Text;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class SecrecyTests
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    [Fact]
    public async Task The_passphrase_is_neither_in_the_arguments_nor_in_the_environment_nor_in_a_file()
    {
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions { MountArguments = ["--verbose"] });
        File.WriteAllText(drive.PathOf("a file with a telling name"), "a content that tells everything");
        await drive.FlushAsync();
        byte[][] secrets =
        [
            Encoding.UTF8.GetBytes(MountedDrive.Passphrase),
            "a file with a telling name"u8.ToArray(),
            "a content that tells everything"u8.ToArray(),
        ];

        var arguments = File.ReadAllBytes($"/proc/{drive.ProcessId}/cmdline");
        var environment = File.ReadAllBytes($"/proc/{drive.ProcessId}/environ");

        Assert.Contains("--background-child", Encoding.UTF8.GetString(arguments), StringComparison.Ordinal);
        Assert.Contains("CUCKOO_HOME", Encoding.UTF8.GetString(environment), StringComparison.Ordinal);
        Assert.True(arguments.AsSpan().IndexOf(secrets[0]) < 0);
        Assert.True(environment.AsSpan().IndexOf(secrets[0]) < 0);
        await drive.UnmountAsync();
        var folders = drive.Clouds.Append(drive.Home);
        Assert.All(folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)), path =>
        {
            var content = File.ReadAllBytes(path);
            Assert.All(secrets, secret => Assert.True(content.AsSpan().IndexOf(secret) < 0, $"{path} holds a secret"));
        });
    }

    [Fact]
    public async Task Nobody_else_may_look_into_the_state_or_talk_to_the_process()
    {
        await using var drive = await MountedDrive.CreateAsync();
        File.WriteAllText(drive.PathOf("a"), "hello");
        await drive.FlushAsync();

        var entries = Directory.EnumerateFileSystemEntries(drive.Home, "*", SearchOption.AllDirectories).Append(drive.Home).ToList();

        Assert.Contains(entries, entry => entry.EndsWith("run/control", StringComparison.Ordinal));
        Assert.All(entries, entry => Assert.True(IsForItsOwner(entry), $"{entry} is open to others"));
    }

    private static bool IsForItsOwner(string entry)
    {
        try
        {
            return (File.GetUnixFileMode(entry) & Others) == 0;
        }
        catch (FileNotFoundException)
        {
            // What is on the clouds is removed here meanwhile.
            return true;
        }
    }

    [Fact]
    public async Task The_prompt_does_not_echo_and_asks_twice_for_a_new_passphrase()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["TERM"] = "xterm" };
        environment.Remove("CUCKOO_PASSPHRASE");
        var command = $"{CuckooProcess.Executable} create typed --cloud file://{drive.Root}/typed";

        using var process = CuckooProcess.Start("script", environment, "-q", "-e", "-c", command, "/dev/null");
        var output = new StringBuilder();
        await ReadUntilAsync(process.StandardOutput, output, "nothing can be read): ");
        await process.StandardInput.WriteAsync("never to be seen\r");
        await process.StandardInput.FlushAsync();
        await ReadUntilAsync(process.StandardOutput, output, "The same again: ");
        await process.StandardInput.WriteAsync("never to be seen\r");
        await process.StandardInput.FlushAsync();
        await ReadUntilAsync(process.StandardOutput, output, "Mount it with");
        process.StandardInput.Close();
        var result = await CuckooProcess.WaitAsync(process, command);

        Assert.Equal(0, result.ExitStatus);
        Assert.DoesNotContain("never", output + result.Output, StringComparison.Ordinal);
        environment["CUCKOO_PASSPHRASE"] = "never to be seen";
        (await CuckooProcess.RunAsync(environment, "key", "list", "typed")).MustSucceed();
    }

    [Fact]
    public async Task Two_different_new_passphrases_are_refused()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["TERM"] = "xterm" };
        environment.Remove("CUCKOO_PASSPHRASE");
        var command = $"{CuckooProcess.Executable} create typed --cloud file://{drive.Root}/typed";

        using var process = CuckooProcess.Start("script", environment, "-q", "-e", "-c", command, "/dev/null");
        var output = new StringBuilder();
        await ReadUntilAsync(process.StandardOutput, output, "nothing can be read): ");
        await process.StandardInput.WriteAsync("one\r");
        await process.StandardInput.FlushAsync();
        await ReadUntilAsync(process.StandardOutput, output, "The same again: ");
        await process.StandardInput.WriteAsync("two\r");
        await process.StandardInput.FlushAsync();
        await ReadUntilAsync(process.StandardOutput, output, "differ");
        process.StandardInput.Close();
        var result = await CuckooProcess.WaitAsync(process, command);

        Assert.Equal(2, result.ExitStatus);
        Assert.False(Directory.Exists(Path.Combine(drive.Root, "typed")));
    }

    /// <summary>As a terminal of Latin-1 sends it: another one would not, and all such letters would look the same.</summary>
    [Fact]
    public async Task A_typed_passphrase_that_is_no_UTF8_text_is_refused()
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["TERM"] = "xterm" };
        environment.Remove("CUCKOO_PASSPHRASE");
        var command = $"exec {CuckooProcess.Executable} create typed --cloud file://{drive.Root}/typed";

        using var process = CuckooProcess.Start("script", environment, "-q", "-e", "-c", command, "/dev/null");
        var output = new StringBuilder();
        await ReadUntilAsync(process.StandardOutput, output, "nothing can be read): ");
        await process.StandardInput.BaseStream.WriteAsync((byte[])[(byte)'c', (byte)'a', (byte)'f', 0xE9, (byte)'\r']);
        await process.StandardInput.BaseStream.FlushAsync();
        await ReadUntilAsync(process.StandardOutput, output, "UTF-8");
        process.StandardInput.Close();
        var result = await CuckooProcess.WaitAsync(process, command);

        Assert.Equal(2, result.ExitStatus);
        Assert.False(Directory.Exists(Path.Combine(drive.Root, "typed")));
    }

    [Theory]
    [InlineData("CUCKOO_PASSPHRASE", "create typed --cloud")]
    [InlineData("CUCKOO_NEW_PASSPHRASE", "key add test")]
    public async Task A_passphrase_in_the_environment_that_is_no_UTF8_text_is_refused(string variable, string arguments)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        if (arguments.EndsWith("--cloud", StringComparison.Ordinal))
            arguments += $" file://{drive.Root}/typed";
        var script = $"{variable}=$(printf 'caf\\351'); export {variable}; exec {CuckooProcess.Executable} {arguments}";

        using var process = CuckooProcess.Start("sh", drive.Environment, "-c", script);
        process.StandardInput.Close();
        var result = await CuckooProcess.WaitAsync(process, script);

        result.MustFail(2, variable, "UTF-8");
        Assert.False(Directory.Exists(Path.Combine(drive.Root, "typed")));
    }

    /// <summary>Also where the answer is shown: whoever does not want to answer is not made to.</summary>
    [Theory]
    [InlineData("gdrive:/folder", "Client id: ")]
    [InlineData("webdavs://me@127.0.0.1:1/folder", "127.0.0.1: ")]
    public async Task Ctrl_C_ends_every_prompt(string url, string prompt)
    {
        await using var drive = await MountedDrive.CreateUnmountedAsync();
        var environment = new Dictionary<string, string?>(drive.Environment) { ["TERM"] = "xterm" };
        // Without exec the exit status would be that of the shell, which the key ends as well (dash, not bash).
        var command = $"exec {CuckooProcess.Executable} storage login {url}";

        using var process = CuckooProcess.Start("script", environment, "-q", "-e", "-c", command, "/dev/null");
        var output = new StringBuilder();
        await ReadUntilAsync(process.StandardOutput, output, prompt);
        await process.StandardInput.WriteAsync('\x03');
        await process.StandardInput.FlushAsync();
        // Before the input ends, which would end the prompt by itself.
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(1, process.ExitCode);
    }

    private static async Task ReadUntilAsync(StreamReader reader, StringBuilder output, string text)
    {
        var buffer = new char[256];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!output.ToString().Contains(text, StringComparison.Ordinal))
        {
            var read = await reader.ReadAsync(buffer, patience.Token);
            Assert.True(read > 0, $"The program ended before it wrote '{text}':\n{output}");
            output.Append(buffer, 0, read);
        }
    }
}
