using System.Text.RegularExpressions;
using Xunit;

namespace CuckooDrive.Architecture.Tests;

/// <summary>Rules that the text of the sources keeps.</summary>
public sealed partial class SourceTests
{
    private const int MostLines = 500;

    [Fact]
    public void Core_and_format_read_no_wall_clock() =>
        Assert.Empty(Find(WallClock(), "src/CuckooDrive.Core", "src/CuckooDrive.Format"));

    [Fact]
    public void Nothing_is_left_to_be_done() => Assert.Empty(Find(Unfinished(), "src"));

    [Fact]
    public void No_failure_is_swallowed() => Assert.Empty(Find(EmptyCatch(), "src"));

    [Fact]
    public void A_file_holds_one_idea() => Assert.Empty(
        Repository.Sources("src").Where(path => File.ReadLines(path).Count() > MostLines).Select(Repository.Shorten));

    [Fact]
    public void The_rules_would_find_what_they_forbid()
    {
        Assert.Matches(WallClock(), "var now = DateTime.UtcNow;");
        Assert.Matches(WallClock(), "DateTimeOffset . Now");
        Assert.DoesNotMatch(WallClock(), "time.GetUtcNow()");
        Assert.Matches(Unfinished(), "// TO" + "DO later");
        Assert.Matches(Unfinished(), "throw new NotImplemented" + "Exception();");
        Assert.Matches(EmptyCatch(), "catch (Exception)\n{\n}");
        Assert.Matches(EmptyCatch(), "catch { }");
        Assert.NotEmpty(Repository.Sources("src"));
    }

    private static List<string> Find(Regex rule, params string[] folders) =>
    [
        .. from path in folders.SelectMany(Repository.Sources)
           let text = File.ReadAllText(path)
           from Match match in rule.Matches(text)
           select $"{Repository.Shorten(path)}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value.ReplaceLineEndings(" ")}",
    ];

    [GeneratedRegex(@"\bDateTime(Offset)?\s*\.\s*(Utc)?(Now|Today)\b|\bEnvironment\s*\.\s*TickCount|\bStopwatch\b")]
    private static partial Regex WallClock();

    [GeneratedRegex(@"\b(TODO|FIXME|XXX|HACK)\b|\bNotImplementedException\b")]
    private static partial Regex Unfinished();

    // A catch block that has neither code nor a comment that says why.
    [GeneratedRegex(@"\bcatch\b\s*(\([^{}]*\))?\s*(when\s*\([^{}]*\)\s*)?\{\s*\}")]
    private static partial Regex EmptyCatch();
}
