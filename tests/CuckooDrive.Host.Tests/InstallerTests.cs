using System.Net.Sockets;
using System.Text;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>What the packages bring beside the program.</summary>
public sealed class InstallerTests
{
    [Fact]
    public async Task What_is_installed_runs_and_the_unit_mounts_where_it_says()
    {
        using var folder = new TemporaryFolder();
        var prefix = Path.Combine(folder.Path, "prefix");
        await InstallAsync(folder, prefix);
        var home = folder.Sub("user");
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = home,
            ["PATH"] = $"{prefix}/bin:/usr/bin:/bin",
            ["XDG_CONFIG_HOME"] = null,
            ["XDG_STATE_HOME"] = null,
            ["CUCKOO_TEST_CHEAP_PASSPHRASE"] = "1",
        };
        var pass = Path.Combine(folder.Sub("user", ".config", "cuckoo"), "work.pass");
        File.WriteAllText(pass, "the pass\n");
        File.SetUnixFileMode(pass, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await RunAsync(environment, "cuckoo", "create", "work", "--cloud", $"file://{folder.Sub("cloud")}", "--passphrase-file", pass)).MustSucceed();

        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        environment["NOTIFY_SOCKET"] = Path.Combine(folder.Path, "notify");
        socket.Bind(new UnixDomainSocketEndPoint(environment["NOTIFY_SOCKET"]!));
        foreach (var line in UnitCommands(prefix, "ExecStartPre", home))
            (await RunAsync(environment, line)).MustSucceed();
        using var service = CuckooProcess.Start("/usr/bin/env", environment, Assert.Single(UnitCommands(prefix, "ExecStart", home))[1..]);
        try
        {
            var ready = new byte[64];
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            var received = await socket.ReceiveAsync(ready, patience.Token);
            Assert.Equal("READY=1", Encoding.ASCII.GetString(ready, 0, received));
            File.WriteAllText(Path.Combine(home, "CuckooDrive", "work", "file"), "usable");
        }
        finally
        {
            (await CuckooProcess.ToolAsync("kill", $"{service.Id}")).MustSucceed();
            (await CuckooProcess.WaitAsync(service, "the unit")).MustSucceed();
        }
    }

    [Fact]
    public async Task The_manual_page_names_every_command_and_no_other()
    {
        var page = await File.ReadAllTextAsync(Repository.PathOf("installer", "cuckoo.1"));
        var described = page.Split(".TP\n.B ").Skip(1)
            .Select(item => item.Split(' ', '\\', '\n')[0])
            .TakeWhile(word => !word.StartsWith("CUCKOO_", StringComparison.Ordinal));

        Assert.Equal(CuckooProgram.CreateRoot().Subcommands.Where(command => !command.Hidden).Select(command => command.Name), described);
        foreach (var group in CuckooProgram.CreateRoot().Subcommands.Where(command => command.Subcommands.Count > 0))
        {
            var item = page.Split(".TP\n").Single(item => item.StartsWith($".B {group.Name} ", StringComparison.Ordinal));
            foreach (var command in group.Subcommands.Where(command => !command.Hidden))
                Assert.Matches($"\\b(fB)?{command.Name}\\b", item);
        }
    }

    /// <summary>By install.sh, from a folder laid out as the archive is.</summary>
    private static async Task InstallAsync(TemporaryFolder folder, string prefix)
    {
        var archive = folder.Sub("archive");
        (await CuckooProcess.ToolAsync("cp", "-r", Path.GetDirectoryName(CuckooProcess.Executable)!, Path.Combine(archive, "lib"))).MustSucceed();
        foreach (var file in new[] { "install.sh", "mount.fuse.cuckoo", "cuckoo.1", Path.Combine("systemd", "cuckoo@.service") })
            File.Copy(Repository.PathOf("installer", file), Path.Combine(archive, Path.GetFileName(file)));
        var helpers = folder.Sub("helpers");
        (await CuckooProcess.ToolAsync("sh", Path.Combine(archive, "install.sh"), prefix, helpers)).MustSucceed();
        Assert.Equal([Path.Combine(helpers, "mount.fuse.cuckoo")], Directory.GetFiles(helpers));
        Assert.True(File.Exists(Path.Combine(prefix, "share", "man", "man1", "cuckoo.1")));
    }

    /// <summary>The unit's command lines as systemd would run them for the drive "work".</summary>
    private static List<string[]> UnitCommands(string prefix, string key, string home) =>
        [.. File.ReadLines(Path.Combine(prefix, "lib", "systemd", "user", "cuckoo@.service"))
            .Where(line => line.StartsWith(key + "=", StringComparison.Ordinal))
            .Select(line => line[(key.Length + 1)..]
                .Replace("%i", "work", StringComparison.Ordinal)
                .Replace("%h", home, StringComparison.Ordinal)
                .Replace("%E", Path.Combine(home, ".config"), StringComparison.Ordinal)
                .Split(' '))];

    private static async Task<CuckooResult> RunAsync(Dictionary<string, string?> environment, params string[] command)
    {
        using var process = CuckooProcess.Start("/usr/bin/env", environment, command);
        process.StandardInput.Close();
        return await CuckooProcess.WaitAsync(process, string.Join(' ', command));
    }
}
