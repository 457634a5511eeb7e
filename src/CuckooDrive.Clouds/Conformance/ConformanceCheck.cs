namespace CuckooDrive.Clouds.Conformance;

/// <summary>
/// One thing that every storage must do. Runs in a scratch folder of its own, against a user's real account as well as in
/// tests.
/// </summary>
/// <param name="Name">A short sentence: what is promised.</param>
/// <param name="Needs">The capability without which the check is skipped, or null.</param>
/// <param name="IsCovered">Whether the storage declares that capability.</param>
/// <param name="RunAsync">Throws <see cref="ConformanceException"/> (or what the storage throws) when the promise is broken.</param>
public sealed record ConformanceCheck(
    string Name,
    string? Needs,
    Func<CloudCapabilities, bool> IsCovered,
    Func<ConformanceScratch, CancellationToken, Task> RunAsync)
{
    /// <summary>Moves much data or many objects; worth leaving out on a slow line.</summary>
    public bool IsHeavy { get; init; }

    public override string ToString() => Name;
}

/// <summary>A storage broke a promise; the message says which and how.</summary>
public sealed class ConformanceException(string message) : Exception(message);

/// <summary>How a check ended.</summary>
public enum ConformanceOutcome
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>The result of one check.</summary>
/// <param name="Check">Which one.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">What was wrong, or which capability is missing; null if it passed.</param>
/// <param name="Duration">How long it took, the cleaning up included.</param>
public sealed record ConformanceResult(ConformanceCheck Check, ConformanceOutcome Outcome, string? Reason, TimeSpan Duration);
