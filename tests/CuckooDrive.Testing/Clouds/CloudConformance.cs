using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Conformance;
using Xunit;

namespace CuckooDrive.Testing.Clouds;

/// <summary>
/// The conformance checks as tests: a provider joins by deriving and opening its storage. Checks that the storage does not
/// declare the capability for are skipped, with the reason.
/// </summary>
public abstract class CloudConformance
{
    public static TheoryData<string> Names => [.. ConformanceSuite.Checks.Select(check => check.Name)];

    /// <summary>Whether hundreds of megabytes and thousands of objects are worth their time here.</summary>
    protected virtual bool RunsHeavyChecks => true;

    /// <summary>Whether a check is worth its time here.</summary>
    protected virtual bool Runs(ConformanceCheck check) => RunsHeavyChecks || !check.IsHeavy;

    /// <summary>A storage for one check; disposed after it.</summary>
    protected abstract ICloudStorage Open();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Keeps(string promise)
    {
        var cancel = TestContext.Current.CancellationToken;
        var check = ConformanceSuite.Checks.Single(check => check.Name == promise);
        Assert.SkipUnless(Runs(check), "heavy, and run over another storage");
        await using var storage = Open();
        var result = await ConformanceSuite.RunAsync(check, storage, TimeProvider.System, cancel);
        Assert.SkipWhen(result.Outcome == ConformanceOutcome.Skipped, result.Reason ?? "");
        Assert.True(result.Outcome == ConformanceOutcome.Passed, result.Reason);
    }
}
