using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Memory;

/// <summary>Watches the resident set of a process from its construction until it is stopped.</summary>
internal sealed class ResidentSampler : IAsyncDisposable
{
    private readonly int _process;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private readonly List<long> _samples = [];

    public ResidentSampler(int process, TimeSpan interval, Action<long>? sampled = null)
    {
        _process = process;
        ProcessMeter.ResetPeak(process);
        _loop = WatchAsync(interval, sampled);
    }

    /// <summary>The largest resident set that the kernel saw, samples or not.</summary>
    public long Peak { get; private set; }

    /// <summary>Resident bytes at each interval. To be read after <see cref="StopAsync"/>.</summary>
    public IReadOnlyList<long> Samples => _samples;

    /// <summary>Takes the last sample and stops.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        Peak = ProcessMeter.PeakResidentBytes(_process);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task WatchAsync(TimeSpan interval, Action<long>? sampled)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                // A process that is gone shows as a failure of the work that needs it.
                if (!ProcessMeter.Exists(_process))
                    return;
                var resident = ProcessMeter.ResidentBytes(_process);
                _samples.Add(resident);
                sampled?.Invoke(resident);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
