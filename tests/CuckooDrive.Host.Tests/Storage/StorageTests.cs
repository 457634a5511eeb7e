using System.Diagnostics;
using System.Text.Json;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Storage;

/// <summary>The common API from the command line, on a folder.</summary>
public sealed class StorageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private readonly string _url;

    public StorageTests()
    {
        _root = _folder.Sub("storage");
        _url = $"file://{_root}";
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_put_is_listed_described_read_and_fetched_again()
    {
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        var file = WriteFile("photo.bin", content);

        var stored = (await RunAsync("put", file, _url, "album/photo.bin")).MustSucceed();
        (await RunAsync("put", file, _url)).MustSucceed();
        var listed = (await RunAsync("ls", _url)).MustSucceed();
        var detailed = (await RunAsync("ls", _url, "album/", "--long")).MustSucceed();
        using var stat = JsonDocument.Parse((await RunAsync("stat", _url, "album/photo.bin", "--json")).MustSucceed().Output);
        (await RunAsync("get", _url, "album/photo.bin", Path.Combine(_folder.Path, "back.bin"))).MustSucceed();

        Assert.Contains("album/photo.bin", stored.Output, StringComparison.Ordinal);
        Assert.Equal("album/photo.bin\nphoto.bin\n", listed.Output);
        Assert.Contains("300,000", Assert.Single(detailed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal(300_000, stat.RootElement.GetProperty("length").GetInt64());
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "back.bin")));
    }

    [Fact]
    public async Task A_part_of_an_object_is_printed_byte_by_byte()
    {
        (await RunAsync("put", WriteFile("a", [.. "0123456789"u8]), _url)).MustSucceed();

        Assert.Equal("0123456789", (await RunAsync("cat", _url, "a")).MustSucceed().Output);
        Assert.Equal("345", (await RunAsync("cat", _url, "a", "--offset", "3", "--count", "3")).MustSucceed().Output);
        Assert.Equal("89", (await RunAsync("cat", _url, "a", "--offset", "8", "--count", "100")).MustSucceed().Output);
        Assert.Equal("", (await RunAsync("cat", _url, "a", "--offset", "10")).MustSucceed().Output);
        (await RunAsync("cat", _url, "a", "--offset", "-1")).MustFail(2, "negative");
    }

    [Fact]
    public async Task Standard_input_becomes_an_object_and_leaves_no_file_behind()
    {
        var environment = _folder.Environment;
        environment["TMPDIR"] = _folder.Sub("tmp");
        using var process = CuckooProcess.Start(CuckooProcess.Executable, environment, "storage", "put", "-", _url, "typed");
        await process.StandardInput.WriteAsync("from a pipe");
        process.StandardInput.Close();
        (await CuckooProcess.WaitAsync(process, "storage put -")).MustSucceed();

        Assert.Equal("from a pipe", (await RunAsync("cat", _url, "typed")).MustSucceed().Output);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder.Path, "tmp")));
        (await RunAsync("put", "-", _url)).MustFail(2, "Standard input has no name");
    }

    [Fact]
    public async Task Nothing_is_ever_replaced_without_being_asked()
    {
        var first = WriteFile("a", [1]);
        var second = WriteFile("b", [2, 2]);
        (await RunAsync("put", first, _url, "x")).MustSucceed();

        LastLine(await RunAsync("put", second, _url, "x")).MustFail(1, "never replaced", "cuckoo storage rm");
        (await RunAsync("get", _url, "x", second)).MustFail(1, "exists", "--force");
        Assert.Equal([2, 2], await File.ReadAllBytesAsync(second));
        (await RunAsync("get", _url, "x", second, "--force")).MustSucceed();
        Assert.Equal([1], await File.ReadAllBytesAsync(second));
        // No temporary file stays beside it.
        Assert.Equal(["a", "b"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Removing_says_whether_anything_was_there()
    {
        (await RunAsync("put", WriteFile("a", [1]), _url)).MustSucceed();

        var removed = (await RunAsync("rm", _url, "a", "never/there")).MustSucceed();

        Assert.Equal("Removed 'a'.\nThere was no object 'never/there'.\n", removed.Output);
        Assert.Equal("", (await RunAsync("ls", _url)).MustSucceed().Output);
    }

    [Fact]
    public async Task The_space_of_an_account_is_told()
    {
        using var quota = JsonDocument.Parse((await RunAsync("quota", _url, "--json")).MustSucceed().Output);

        Assert.True(quota.RootElement.GetProperty("free").GetInt64() > 0);
        Assert.Contains("Free:", (await RunAsync("quota", _url)).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_counts_its_results_measures_and_leaves_nothing_behind()
    {
        (await RunAsync("put", WriteFile("mine", [1]), _url)).MustSucceed();

        var text = (await RunAsync("check", _url, "--quick")).MustSucceed();
        using var json = JsonDocument.Parse((await RunAsync("check", _url, "--quick", "--json")).MustSucceed().Output);

        Assert.Contains(" passed, 0 failed, ", text.Output, StringComparison.Ordinal);
        Assert.Contains("skip  ", text.Output, StringComparison.Ordinal);
        Assert.Contains("Latency:", text.Output, StringComparison.Ordinal);
        var root = json.RootElement;
        Assert.Equal(0, root.GetProperty("failed").GetInt32());
        Assert.InRange(root.GetProperty("passed").GetInt32(), 60, 1000);
        Assert.Equal(root.GetProperty("checks").GetArrayLength(), root.GetProperty("passed").GetInt32() + root.GetProperty("skipped").GetInt32());
        Assert.True(root.GetProperty("speed").GetProperty("uploadRate").GetDouble() > 0);
        Assert.Equal("mine\n", (await RunAsync("ls", _url)).MustSucceed().Output);
    }

    [Fact]
    public async Task An_interrupted_check_leaves_nothing_behind()
    {
        const int Interrupt = 2;
        using var process = CuckooProcess.Start(CuckooProcess.Executable, _folder.Environment, "storage", "check", _url);
        // On a thread of its own: the pool's may all be taken by other tests for longer than the rest of the checks lasts.
        await Task.Factory.StartNew(
            () => InterruptInTheMiddle(process), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var result = await CuckooProcess.WaitAsync(process, "storage check");

        result.MustFail(1, "Stopped");
        Assert.Equal("", (await RunAsync("ls", _url)).MustSucceed().Output);

        static void InterruptInTheMiddle(Process process)
        {
            string? line;
            do
                line = process.StandardOutput.ReadLine();
            while (line?.Contains("16 MiB", StringComparison.Ordinal) == false);
            // Several of the checks that follow have objects then.
            Assert.NotNull(line);
            using var kill = Process.Start("kill", [$"-{Interrupt}", $"{process.Id}"]);
            kill.WaitForExit();
            Assert.Equal(0, kill.ExitCode);
        }
    }

    [Theory]
    [InlineData(2, "known kind", "ls", "htp://x")]
    [InlineData(2, "is a path", "ls", "/mnt")]
    [InlineData(2, "password", "ls", "file://me:secret@host/x")]
    [InlineData(1, "is not there", "ls", "file:///nowhere/at/all")]
    [InlineData(1, "is not there", "check", "file:///nowhere/at/all")]
    [InlineData(2, "NAME is missing", "cat", "memory:")]
    [InlineData(1, "no object 'a'", "cat", "memory:", "a")]
    [InlineData(1, "no object 'a'", "stat", "memory:", "a")]
    [InlineData(1, "no object 'a'", "get", "memory:", "a")]
    [InlineData(2, "a-z", "cat", "memory:", "UPPER")]
    [InlineData(2, "a-z", "rm", "memory:", "..")]
    [InlineData(2, "a-z", "get", "memory:", "")]
    [InlineData(2, "no file", "put", "/nowhere/at/all", "memory:")]
    [InlineData(2, "is a folder", "put", "/tmp", "memory:", "a")]
    public async Task Bad_input_is_one_sentence_with_the_next_step(int status, string part, params string[] arguments) =>
        (await RunAsync(arguments)).MustFail(status, part);

    [Fact]
    public async Task A_file_that_has_no_fitting_name_needs_one()
    {
        var file = WriteFile("Ölbild.PNG", [1]);

        (await RunAsync("put", file, _url)).MustFail(2, "a-z", "NAME");
        LastLine(await RunAsync("get", _url, "x", "/nowhere/at/all")).MustFail(1, "no object 'x'");
    }

    /// <summary>Progress is printed as lines where there is no terminal; the sentence comes last.</summary>
    private static CuckooResult LastLine(CuckooResult result) =>
        result with { Error = result.Error.TrimEnd('\n').Split('\n')[^1] };

    private Task<CuckooResult> RunAsync(params string[] arguments) => CuckooProcess.RunAsync(_folder.Environment, ["storage", .. arguments]);

    private string WriteFile(string name, byte[] content)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
