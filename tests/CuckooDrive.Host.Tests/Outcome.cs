using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>What a failed command must look like.</summary>
internal static class Outcome
{
    /// <summary>The exit status, and one sentence on standard error that holds every one of the parts; no stack trace.</summary>
    public static void MustFail(this CuckooResult result, int status, params string[] parts)
    {
        Assert.Equal(status, result.ExitStatus);
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("Attaching ", StringComparison.Ordinal) && !line.StartsWith("Flushing ", StringComparison.Ordinal) &&
                !line.StartsWith("Adding to ", StringComparison.Ordinal))
            .ToList();
        var sentence = Assert.Single(lines);
        Assert.StartsWith("cuckoo: ", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected failure", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        foreach (var part in parts)
            Assert.Contains(part, sentence, StringComparison.OrdinalIgnoreCase);
    }
}
