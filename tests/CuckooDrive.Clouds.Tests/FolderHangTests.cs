using System.Collections;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>A disk or share that does not answer may hold up threads of the storage, but nobody who has given up on it.</summary>
public sealed class FolderHangTests : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_list_is_disposed_while_its_page_hangs()
    {
        using var walk = new HangingWalk();
        var list = new FolderList(_folder.Path, "", () => walk);
        var page = Task.Run(list.NextPage);
        await walk.Hangs.WaitAsync(Minute);
        var disposing = Task.Run(list.Dispose);
        try
        {
            await disposing.WaitAsync(Minute);
            Assert.False(walk.IsDisposed);
        }
        finally
        {
            walk.GoOn();
        }
        Assert.Empty(await page.WaitAsync(Minute));
        Assert.True(walk.IsDisposed);
    }

    /// <summary>A deletion that waited behind calls that hang must not happen when the share is back: the object may have been written again.</summary>
    [Fact]
    public async Task A_call_given_up_before_it_began_never_begins()
    {
        using var threads = new IoThreads("test", limit: 1, background: false);
        using var goOn = new ManualResetEventSlim();
        using var patience = new CancellationTokenSource();
        var begun = false;
        var hanging = threads.RunAsync(() => goOn.Wait(Minute), CancellationToken.None);
        var waiting = threads.RunAsync(() => begun = true, patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Minute));

        goOn.Set();
        Assert.True(await hanging.WaitAsync(Minute));
        await threads.RunAsync(() => true, CancellationToken.None).WaitAsync(Minute);
        Assert.False(begun);
    }

    /// <summary>Like .NET's, it cannot be disposed while it moves.</summary>
    private sealed class HangingWalk : IEnumerator<CloudObject?>
    {
        private readonly TaskCompletionSource _hangs = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _goOn = new();
        private readonly Lock _moving = new();

        public Task Hangs => _hangs.Task;

        public bool IsDisposed { get; private set; }

        public CloudObject? Current => null;

        object? IEnumerator.Current => null;

        public void GoOn() => _goOn.Set();

        public bool MoveNext()
        {
            lock (_moving)
            {
                _hangs.SetResult();
                _goOn.Wait();
                return false;
            }
        }

        public void Reset() => throw new NotSupportedException();

        public void Dispose()
        {
            lock (_moving)
                IsDisposed = true;
        }
    }
}
