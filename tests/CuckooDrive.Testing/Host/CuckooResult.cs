namespace CuckooDrive.Testing.Host;

/// <summary>How a run of the program ended and what it printed.</summary>
public sealed record CuckooResult(int ExitStatus, string Output, string Error)
{
    /// <summary>Returns itself, or fails the test with everything that was printed.</summary>
    public CuckooResult MustSucceed() => ExitStatus == 0
        ? this
        : throw new InvalidOperationException($"cuckoo ended with status {ExitStatus}.\n--- output\n{Output}\n--- error\n{Error}");
}
