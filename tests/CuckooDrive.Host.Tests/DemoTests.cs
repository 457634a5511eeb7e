using CuckooDrive.Host.Demo;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class DemoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_demonstration_succeeds_and_cleans_up()
    {
        var temporary = _folder.Sub("tmp");

        using var process = Start(temporary);
        var result = (await CuckooProcess.WaitAsync(process, "demo")).MustSucceed();

        foreach (var step in Enumerable.Range(1, 7))
            Assert.Contains($"[{step}/7]", result.Output, StringComparison.Ordinal);
        Assert.Equal(2, result.Output.Split("sdk: 40 files").Length - 1);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
    }

    /// <summary>In the middle of a command that it runs, and between two.</summary>
    [Theory]
    [InlineData("      $ cuckoo mount")]
    [InlineData("      $ cuckoo flush")]
    [InlineData("[3/7]")]
    public async Task An_interrupted_demonstration_fails_and_cleans_up(string moment)
    {
        var temporary = _folder.Sub("tmp");

        using var process = Start(temporary);
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith(moment, StringComparison.Ordinal))
        {
        }
        (await CuckooProcess.ToolAsync("kill", "-INT", $"{process.Id}")).MustSucceed();
        var result = await CuckooProcess.WaitAsync(process, "demo");

        Assert.Equal(1, result.ExitStatus);
        Assert.DoesNotContain("Done:", result.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
        // What has answered that the drive is closed may need a moment more to end.
        for (var tries = 0; await CuckooProcess.ToolAsync("pgrep", "-f", temporary) is var left && left.ExitStatus != 1; tries++)
        {
            Assert.True(tries < 600, $"Processes were left: {left.Output}");
            await Task.Delay(100);
        }
        Assert.DoesNotContain(File.ReadLines("/proc/self/mounts"), line => line.Contains(temporary, StringComparison.Ordinal));
    }

    [Fact]
    public void Equal_folders_compare_as_equal()
    {
        var original = MakeTree("original");
        var copy = Path.Combine(_folder.Path, "copy");

        TreeCopy.Run(original, copy, CancellationToken.None);
        var result = TreeComparison.Run(original, copy, CancellationToken.None);

        Assert.Empty(result.Differences);
        Assert.Equal(6, result.Files);
        Assert.Equal(5, result.Others);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("extra")]
    [InlineData("content")]
    [InlineData("length")]
    [InlineData("mode")]
    [InlineData("time")]
    [InlineData("target")]
    [InlineData("kind")]
    public void Every_kind_of_difference_is_found(string kind)
    {
        var original = MakeTree("original");
        var copy = Path.Combine(_folder.Path, "copy");
        TreeCopy.Run(original, copy, CancellationToken.None);
        var program = Path.Combine(copy, "program");
        var time = File.GetLastWriteTimeUtc(program);

        switch (kind)
        {
            case "missing":
                File.Delete(Path.Combine(copy, ".hidden folder", "inside"));
                break;
            case "extra":
                File.WriteAllText(Path.Combine(copy, ".extra"), "");
                break;
            case "content":
                var bytes = File.ReadAllBytes(program);
                bytes[^1] ^= 1;
                File.WriteAllBytes(program, bytes);
                File.SetLastWriteTimeUtc(program, time);
                break;
            case "length":
                File.AppendAllText(program, "x");
                File.SetLastWriteTimeUtc(program, time);
                break;
            case "mode":
                File.SetUnixFileMode(program, UnixFileMode.UserRead);
                break;
            case "time":
                File.SetLastWriteTimeUtc(program, time.AddTicks(1));
                break;
            case "target":
                File.Delete(Path.Combine(copy, "link to a file"));
                File.CreateSymbolicLink(Path.Combine(copy, "link to a file"), "empty");
                break;
            default:
                Directory.Delete(Path.Combine(copy, "empty folder"));
                File.WriteAllText(Path.Combine(copy, "empty folder"), "");
                break;
        }

        Assert.NotEmpty(TreeComparison.Run(original, copy, CancellationToken.None).Differences);
    }

    private System.Diagnostics.Process Start(string temporary)
    {
        var source = _folder.Sub("source");
        for (var number = 0; number < 40; number++)
            File.WriteAllBytes(Path.Combine(source, $"file{number}"), new byte[number * 10_000]);
        // A process that is ended while it starts would leave the runtime's own sockets there.
        var environment = new Dictionary<string, string?> { ["TMPDIR"] = temporary, ["DOTNET_EnableDiagnostics"] = "0" };
        return CuckooProcess.Start(CuckooProcess.Executable, environment, "demo", "--source", source);
    }

    private string MakeTree(string name)
    {
        var folder = _folder.Sub(name);
        OddFiles.Make(folder);
        return folder;
    }
}
