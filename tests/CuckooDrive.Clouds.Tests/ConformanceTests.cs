using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Testing.Clouds;
using Microsoft.Extensions.Logging.Abstractions;

// The check that memory stays flat measures the whole process.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]

namespace CuckooDrive.Clouds.Tests;

public sealed class MemoryConformance : CloudConformance
{
    protected override ICloudStorage Open() => new MemoryStorage();
}

/// <summary>Folders, by each of the ways to create a file once.</summary>
public abstract class FolderConformance : CloudConformance, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private protected abstract CreateOnceMethod Method { get; }

    public void Dispose() => _folder.Dispose();

    protected override ICloudStorage Open() =>
        new FolderStorage(_folder.Path, $"file://{_folder.Path}", null, TimeProvider.System, Method);
}

public sealed class FolderByLinkConformance : FolderConformance
{
    private protected override CreateOnceMethod Method => CreateOnceMethod.Link;
}

public sealed class FolderByRenameConformance : FolderConformance
{
    private protected override CreateOnceMethod Method => CreateOnceMethod.Rename;

    protected override bool RunsHeavyChecks => false;
}

/// <summary>With the retries that its lock needs when writers meet.</summary>
public sealed class FolderByLockConformance : FolderConformance
{
    private protected override CreateOnceMethod Method => CreateOnceMethod.Locked;

    protected override bool RunsHeavyChecks => false;

    protected override ICloudStorage Open() => new RetryStorage(
        base.Open(), new RetryOptions { Retries = 100, FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(20) });
}

/// <summary>Decorators, each around memory; what is heavy runs over the full stacks.</summary>
public abstract class DecoratorConformance : CloudConformance
{
    protected override bool RunsHeavyChecks => false;
}

public sealed class RetryConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new RetryStorage(new MemoryStorage());
}

public sealed class TimeoutConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new TimeoutStorage(new MemoryStorage());
}

public sealed class ThrottleConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new ThrottleStorage(
        new MemoryStorage(),
        new ThrottleOptions { ParallelReads = 3, ParallelWrites = 2, UploadRate = 1L << 32, DownloadRate = 1L << 32 });
}

public sealed class MetricsConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new MetricsStorage(new MemoryStorage());
}

public sealed class LoggingConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new LoggingStorage(new MemoryStorage(), NullLogger.Instance);
}

public sealed class CircuitBreakerConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new CircuitBreakerStorage(new MemoryStorage());
}

public sealed class IdleFaultConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new FaultStorage(new MemoryStorage(), new FaultPlan(1));
}

/// <summary>The full stack as a drive uses it, over a folder.</summary>
public sealed class FullStackConformance : CloudConformance, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override ICloudStorage Open() => ResilientCloud.Wrap(
        new FolderStorage(_folder.Path),
        new ResilientCloudOptions
        {
            Throttle = new ThrottleOptions { ParallelReads = 8, ParallelWrites = 4 },
            Logger = NullLogger.Instance,
        });
}

/// <summary>The full stack over a cloud where a tenth of the calls fail, half of these after their effect.</summary>
public sealed class FaultyStackConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => ResilientCloud.Wrap(
        new FaultStorage(
            new MemoryStorage(),
            new FaultPlan(7) { FailBeforeShare = 0.05, FailAfterShare = 0.05, BreakStreamShare = 0.02 }),
        new ResilientCloudOptions
        {
            Retry = new RetryOptions { Retries = 12, FirstDelay = TimeSpan.FromMilliseconds(1) },
            CircuitBreaker = null,
        });
}

/// <summary>A storage that declares nothing but what everyone must do, so that the checks for it run and the rest is skipped.</summary>
public sealed class PlainConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new PlainStorage();

    private sealed class PlainStorage() : DelegatingStorage(new MemoryStorage())
    {
        public override CloudCapabilities Capabilities { get; } = new() { FailureDomain = "plain" };

        public override Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
            throw new CloudException(CloudErrorKind.Unsupported, "There are no moves here.");
    }
}
