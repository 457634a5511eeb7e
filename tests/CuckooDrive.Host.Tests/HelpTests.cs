using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

public sealed class HelpTests
{
    private static readonly Dictionary<string, string?> NoEnvironment = [];

    [Theory]
    [InlineData("create")]
    [InlineData("attach")]
    [InlineData("mount")]
    [InlineData("unmount")]
    [InlineData("status")]
    [InlineData("flush")]
    [InlineData("cloud", "list")]
    [InlineData("key", "add")]
    [InlineData("key", "list")]
    [InlineData("key", "remove")]
    [InlineData("storage", "ls")]
    [InlineData("storage", "cat")]
    [InlineData("storage", "put")]
    [InlineData("storage", "get")]
    [InlineData("storage", "rm")]
    [InlineData("storage", "stat")]
    [InlineData("storage", "quota")]
    [InlineData("storage", "check")]
    [InlineData("storage", "login")]
    [InlineData("storage", "logout")]
    [InlineData("cloud", "add")]
    [InlineData("cloud", "login")]
    [InlineData("doctor")]
    [InlineData("demo")]
    public async Task Each_command_explains_itself_with_examples(params string[] command)
    {
        var result = (await CuckooProcess.RunAsync(NoEnvironment, [.. command, "--help"])).MustSucceed();

        Assert.Contains("Usage:", result.Output, StringComparison.Ordinal);
        Assert.Contains("Examples:", result.Output, StringComparison.Ordinal);
        Assert.Contains($"  cuckoo {string.Join(' ', command)}", result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("cloud", "list")]
    [InlineData("key", "list")]
    [InlineData("key", "add")]
    [InlineData("storage", "ls")]
    [InlineData("storage", "stat")]
    [InlineData("storage", "quota")]
    [InlineData("storage", "check")]
    [InlineData("doctor")]
    public async Task Each_command_that_prints_data_has_json(params string[] command)
    {
        var result = (await CuckooProcess.RunAsync(NoEnvironment, [.. command, "--help"])).MustSucceed();

        Assert.Contains("--json", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_command_takes_a_passphrase_as_an_argument()
    {
        foreach (var command in new[] { "create", "attach", "mount" })
        {
            var result = (await CuckooProcess.RunAsync(NoEnvironment, command, "--help")).MustSucceed();
            Assert.Contains("--passphrase-file", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("--passphrase ", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("--password", result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_a_command_the_help_is_shown_and_the_usage_is_wrong()
    {
        var result = await CuckooProcess.RunAsync(NoEnvironment);

        Assert.Equal(2, result.ExitStatus);
        Assert.Contains("Commands:", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("scrub", "x")]
    [InlineData("repair", "x")]
    [InlineData("snapshot", "list", "x")]
    [InlineData("gc", "x")]
    [InlineData("cloud", "drain", "x")]
    public async Task Commands_of_later_versions_do_not_exist(params string[] command)
    {
        var result = await CuckooProcess.RunAsync(NoEnvironment, command);

        result.MustFail(2, "is not a command of cuckoo", "--help");
    }

    [Theory]
    [InlineData("The argument NAME is missing", "mount")]
    [InlineData("The argument MOUNTPOINT is missing", "mount", "photos")]
    [InlineData("'--cloud' is required", "create", "photos")]
    [InlineData("'--nonsense' is not an option of cuckoo mount", "mount", "photos", "/mnt", "--nonsense")]
    [InlineData("one argument too many", "key", "list", "photos", "more")]
    [InlineData("A command is missing after 'cuckoo key'", "key")]
    [InlineData("it can be local or cloud", "mount", "photos", "/mnt", "--durability", "never")]
    [InlineData("cannot be a drive's name", "create", "../x", "--cloud", "file:///tmp")]
    [InlineData("cannot be a drive's name", "mount", "a b", "/mnt")]
    [InlineData("'x' is not a whole number, which --survive needs", "create", "photos", "--cloud", "file:///tmp", "--survive", "x")]
    [InlineData("'x' is not a whole number, which --count needs", "storage", "cat", "memory:", "a", "--count", "x")]
    [InlineData("'x' is not a whole number", "key", "remove", "photos", "x")]
    public async Task Wrong_usage_is_one_sentence_and_status_2(string sentence, params string[] arguments)
    {
        using var folder = new TemporaryFolder();

        var result = await CuckooProcess.RunAsync(folder.Environment, arguments);

        result.MustFail(2, sentence);
    }
}
