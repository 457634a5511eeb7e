namespace CuckooDrive.Clouds.Conformance;

/// <summary>All checks, and how to run them against any storage.</summary>
public static class ConformanceSuite
{
    /// <summary>Where the checks work; everything below it is theirs.</summary>
    public const string Folder = "cuckoo-check/";

    /// <summary>How long a cancelled check may take to remove its objects.</summary>
    private static readonly TimeSpan CancelledPatience = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<ConformanceCheck> Checks { get; } =
    [
        .. ContentChecks.All,
        .. RangeChecks.All,
        .. NameChecks.All,
        .. ListChecks.All,
        .. WriteChecks.All,
        .. CancellationChecks.All,
        .. DeleteChecks.All,
        .. MoveChecks.All,
        .. ConcurrencyChecks.All,
        .. AccountChecks.All,
    ];

    /// <summary>Runs the checks one after another, each in a scratch folder that is removed afterwards.</summary>
    /// <param name="storage">Stays open. An account in use is safe: nothing outside <see cref="Folder"/> is touched.</param>
    /// <param name="heavy">Also those that move hundreds of megabytes or thousands of objects.</param>
    public static async IAsyncEnumerable<ConformanceResult> RunAsync(
        ICloudStorage storage,
        bool heavy = true,
        TimeProvider? time = null,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var check in Checks)
        {
            if (heavy || !check.IsHeavy)
                yield return await RunAsync(check, storage, time ?? TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Runs one check. Only cancellation is thrown, after the check's objects are removed; every other trouble is the result.</summary>
    public static async Task<ConformanceResult> RunAsync(
        ConformanceCheck check, ICloudStorage storage, TimeProvider time, CancellationToken cancellationToken = default)
    {
        if (!check.IsCovered(storage.Capabilities))
            return new ConformanceResult(check, ConformanceOutcome.Skipped, $"not declared: {check.Needs}", TimeSpan.Zero);

        var start = time.GetTimestamp();
        var scratch = new ConformanceScratch(storage, $"{Folder}{Guid.NewGuid():n}/");
        string? reason = null;
        try
        {
            await check.RunAsync(scratch, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            reason = Describe(exception);
        }
        catch (Exception)
        {
            // Somebody's own account must not keep what an interrupted check has left.
            await CleanCancelledAsync(scratch, time).ConfigureAwait(false);
            throw new OperationCanceledException(cancellationToken);
        }
        try
        {
            await CleanAsync(scratch, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CleanCancelledAsync(scratch, time).ConfigureAwait(false);
            throw;
        }
        catch (CloudException failure)
        {
            reason ??= $"the objects of the check could not be removed: {failure.Message}";
        }
        var outcome = reason is null ? ConformanceOutcome.Passed : ConformanceOutcome.Failed;
        return new ConformanceResult(check, outcome, reason, time.GetElapsedTime(start));
    }

    private static string Describe(Exception exception) => exception switch
    {
        ConformanceException => exception.Message,
        CloudException failure => $"{failure.Kind}: {failure.Message}",
        _ => $"{exception.GetType().Name}: {exception.Message}",
    };

    private static async Task CleanCancelledAsync(ConformanceScratch scratch, TimeProvider time)
    {
        using var patience = new CancellationTokenSource(CancelledPatience, time);
        try
        {
            await CleanAsync(scratch, patience.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is CloudException or OperationCanceledException)
        {
            // The cancellation is what the caller learns; it was told where the checks work.
        }
    }

    private static async Task CleanAsync(ConformanceScratch scratch, CancellationToken cancellationToken)
    {
        var left = await scratch.ListAsync("", cancellationToken).ConfigureAwait(false);
        await Parallel.ForEachAsync(
            left,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
            async (each, token) => await scratch.Storage.DeleteAsync(each.Name, token).ConfigureAwait(false))
            .ConfigureAwait(false);
    }

    internal static ConformanceCheck Always(string name, Func<ConformanceScratch, CancellationToken, Task> run) =>
        new(name, null, static _ => true, run);

    internal static ConformanceCheck With(
        string needs, Func<CloudCapabilities, bool> covered, string name, Func<ConformanceScratch, CancellationToken, Task> run) =>
        new(name, needs, covered, run);
}
