namespace CuckooDrive.Host.Tests.Crash;

/// <summary>Several workers on one mount: started, ended by a crash or by a word, checked, started again.</summary>
internal sealed class CrashLoad : IDisposable
{
    private readonly List<LoadWorker> _workers;
    private readonly List<Thread> _threads = [];
    private readonly List<Exception> _failures = [];
    private CancellationTokenSource _stop = new();
    private volatile bool _mayFail;

    public CrashLoad(string mountPoint, int workers, int seed) =>
        _workers = [.. Enumerable.Range(1, workers).Select(number => new LoadWorker(Path.Combine(mountPoint, $"worker{number}"), number, seed * 100 + number))];

    public long Operations => _workers.Sum(worker => worker.Operations);

    public long Syncs => _workers.Sum(worker => worker.Syncs);

    /// <summary>Makes the workers' folders, durably.</summary>
    public void Prepare() => _workers.ForEach(worker => worker.Prepare());

    /// <param name="machineWillBeLost">Then what is fsynced from now on may be lost with it.</param>
    /// <param name="crashIsNear">The mount may die at any moment from now on, see <see cref="ExpectCrash"/>.</param>
    public void Start(bool machineWillBeLost = false, bool crashIsNear = false)
    {
        _workers.ForEach(worker => worker.SyncIsEnough = !machineWillBeLost);
        _mayFail = crashIsNear;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        foreach (var worker in _workers)
        {
            var thread = new Thread(() => Run(worker, _stop.Token)) { IsBackground = true, Name = "load" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    /// <summary>From now on calls may fail, because the mount is about to die.</summary>
    public void ExpectCrash() => _mayFail = true;

    /// <summary>Ends all workers and waits for them; a failure that no crash explains is thrown.</summary>
    public void Stop()
    {
        _stop.Cancel();
        foreach (var thread in _threads)
        {
            if (!thread.Join(TimeSpan.FromMinutes(2)))
                throw new TimeoutException("A call into the mount does not return.");
        }
        _threads.Clear();
        if (_failures.Count > 0)
            throw new AggregateException(_failures);
    }

    /// <summary>Compares everything with the record. No worker may be running.</summary>
    public void Check() => _workers.ForEach(worker => worker.Check());

    /// <summary>Everything done so far must be there after any loss. No worker may be running.</summary>
    public void MarkDurable() => _workers.ForEach(worker => worker.MarkDurable());

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private void Run(LoadWorker worker, CancellationToken stop)
    {
        try
        {
            worker.Run(stop);
        }
        catch (SyscallException failure) when (_mayFail && failure.IsLossOfMount)
        {
            // The crash that was announced.
        }
        catch (Exception failure)
        {
            lock (_failures)
                _failures.Add(failure);
        }
    }
}
