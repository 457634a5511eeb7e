using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>The end of a session while something is under way.</summary>
public class ShutdownTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public ShutdownTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");

    [Fact]
    public async Task Readers_serve_the_kernel_while_it_works_on_a_message()
    {
        var fileSystem = new Watched();
        var kernel = new SimulatedKernel(fileSystem.Proxy);
        var notifying = await NotifyUntilHeldUpAsync(kernel, fileSystem);
        var stopping = kernel.Session.StopAsync();
        await Task.Delay(300, TestContext.Current.CancellationToken);

        // What the kernel asks for meanwhile is answered, or neither side would ever end.
        kernel.Send(Opcode.StatFs, 1);
        await fileSystem.Asked.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await Task.Run(kernel.SkipAll, TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await notifying;
        await stopping.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await kernel.DisposeAsync();
    }

    [Fact]
    public async Task A_session_ends_while_its_reader_polls_and_soon_after()
    {
        for (var round = 0; round < 10; round++)
        {
            var kernel = new SimulatedKernel(new Watched().Proxy);
            for (var request = 0; request < 100; request++)
                kernel.Ask(Opcode.StatFs, 1);
            await Task.Delay(round, TestContext.Current.CancellationToken);
            await kernel.Session.StopAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);
            await kernel.DisposeAsync();
        }
    }

    /// <summary>The kernel goes on only when its next request is answered, however late that is.</summary>
    [Fact]
    public async Task Readers_refuse_what_comes_too_late_until_the_kernel_has_done_with_its_message()
    {
        var fileSystem = new Watched();
        var kernel = new SimulatedKernel(fileSystem.Proxy, drainLimit: TimeSpan.Zero);
        var notifying = await NotifyUntilHeldUpAsync(kernel, fileSystem);
        var stopping = kernel.Session.StopAsync();
        while (!kernel.Session.IsOverdue)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        await Task.Delay(300, TestContext.Current.CancellationToken);

        // More than fit between the two, so that somebody must read them.
        void Send()
        {
            for (var i = 0; i < 2000; i++)
                kernel.Send(Opcode.StatFs, 1);
        }
        await Task.Run(Send, TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.False(fileSystem.Asked.Task.IsCompleted);
        Assert.False(stopping.IsCompleted);
        await Task.Run(kernel.SkipAll, TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await notifying.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await stopping.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await kernel.DisposeAsync();
    }

    /// <summary>
    /// The kernel works on a message while it has the pages of a file written out; here until its side takes what was sent.
    /// </summary>
    private static async Task<Task> NotifyUntilHeldUpAsync(SimulatedKernel kernel, Watched fileSystem)
    {
        var sent = 0;
        var notifying = Task.Factory.StartNew(
            () =>
            {
                var message = new byte[4096];
                for (; sent < 1000 && !fileSystem.Asked.Task.IsCompleted; Interlocked.Increment(ref sent))
                    kernel.Session.Notify(message, default);
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        var before = 0;
        while (Volatile.Read(ref sent) is var now && (now == 0 || now != before))
        {
            before = now;
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }
        return notifying;
    }

    private sealed class Watched
    {
        public Watched() => Proxy = WatchingProxy.Around(new MemoryFileSystem(TimeProvider.System), Asked);

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IFileSystem Proxy { get; }
    }

    /// <summary>Tells when statistics are asked for.</summary>
    public class WatchingProxy : System.Reflection.DispatchProxy
    {
        private IFileSystem _inner = null!;
        private TaskCompletionSource _asked = null!;

        public static IFileSystem Around(IFileSystem inner, TaskCompletionSource asked)
        {
            var proxy = Create<IFileSystem, WatchingProxy>();
            ((WatchingProxy)(object)proxy)._inner = inner;
            ((WatchingProxy)(object)proxy)._asked = asked;
            return proxy;
        }

        protected override object? Invoke(System.Reflection.MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name == nameof(IFileSystem.GetStatisticsAsync))
                _asked.TrySetResult();
            return targetMethod.Invoke(_inner, args);
        }
    }
}
