using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Dispatch;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>The conversation with the kernel over one mount: negotiation, readers, orderly end.</summary>
internal sealed partial class FuseSession
{
    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Much longer than it takes to hand over all pages that the kernel may hold.</summary>
    private static readonly TimeSpan DefaultDrainLimit = TimeSpan.FromSeconds(60);

    private readonly TimeSpan _drainLimit;
    private readonly List<FuseDevice> _devices = [];
    private readonly List<FuseReader> _readers = [];
    private readonly Dispatcher _dispatcher;
    private readonly ILogger _logger;
    private readonly Lock _closing = new();
    private volatile bool _stopping;
    private long _overdue = long.MaxValue;
    private bool _closed;

    /// <summary>Messages to the kernel under way; changed under the lock.</summary>
    private volatile int _notifications;
    private TaskCompletionSource? _quiet;

    /// <param name="descriptor">Of /dev/fuse, mounted; owned by the session from now on.</param>
    /// <param name="fileSystem">What is mounted; not owned.</param>
    /// <param name="logger">For what went wrong.</param>
    /// <param name="drainLimit">How long a session that stops serves what the kernel still sends; null for the usual.</param>
    public FuseSession(int descriptor, IFileSystem fileSystem, ILogger logger, TimeSpan? drainLimit = null)
    {
        _logger = logger;
        _drainLimit = drainLimit ?? DefaultDrainLimit;
        Buffers = new Buffers();
        Requests = new RequestPool(Buffers);
        Pending = new PendingRequests();
        _dispatcher = new Dispatcher(fileSystem, Requests, Pending, logger);
        _devices.Add(new FuseDevice(descriptor));
        Burst = new RequestBurst(new CpuLatencyRequest(logger));
    }

    public Buffers Buffers { get; }

    public RequestPool Requests { get; }

    public PendingRequests Pending { get; }

    public RequestBurst Burst { get; }

    public bool Stopping => _stopping;

    /// <summary>
    /// Whether a reader that finds no request may end. The kernel holds back pages that it writes out until earlier ones
    /// are answered, so while writes are under way more may come. A message that drops pages returns when the last of them has
    /// been written out, one request after another: without a reader it would never return, and the session never end.
    /// </summary>
    public bool IsDrained => _stopping && !Pending.BringRequests && _notifications == 0;

    /// <summary>
    /// Whether nothing more is to be served although requests may be left: programs that go on working could keep the readers busy
    /// for ever. No message to the kernel begins any more then.
    /// </summary>
    public bool IsOverdue => _stopping && Environment.TickCount64 > Volatile.Read(ref _overdue);

    /// <summary>
    /// Whether the readers of a session that is overdue may end. As long as the kernel works on a message they refuse what it
    /// sends: nobody else could let it come to an end, and what waits for it.
    /// </summary>
    public bool MayAbandon => IsOverdue && CloseNotifications();

    /// <summary>Completes when the last reader has ended, all requests are answered and the descriptors are closed.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Answers INIT and starts the readers. On failure the descriptor is closed, which ends the mount's connection.</summary>
    /// <exception cref="FuseMountException">The kernel's protocol cannot be used.</exception>
    public void Start(int readers)
    {
        WakeSignal.EnsureInstalled();
        try
        {
            _dispatcher.Agreed = InitNegotiation.Run(_devices[0], Buffers, Requests.Rent());
            LogNegotiated(_dispatcher.Agreed);
        }
        catch
        {
            _devices[0].Close();
            Burst.Dispose();
            throw;
        }
        for (var number = 0; number < readers; number++)
        {
            // Each has a descriptor of its own, or there is only one.
            if (number > 0 && !TryAddDevice())
                break;
            _readers.Add(new FuseReader(this, _devices[number], _dispatcher, number));
        }
        foreach (var reader in _readers)
            reader.Start();
        Ended = EndAsync();
    }

    /// <summary>Ends the readers even when the kernel does not, when they have answered what it has sent.</summary>
    public async Task StopAsync()
    {
        BeginStop();
        while (!Ended.IsCompleted)
        {
            Nudge();
            await Task.WhenAny(Ended, Task.Delay(WakeInterval)).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a message that answers no request. What the kernel says to it does not matter: it may know the inode no more.</summary>
    /// <param name="message">Its header and what belongs to its code.</param>
    /// <param name="content">What follows; not copied.</param>
    public void Notify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> content)
    {
        lock (_closing)
        {
            if (_closed)
                return;
            _notifications++;
        }
        foreach (var reader in _readers)
            reader.LeaveProcessor();
        // Not under the lock: the kernel may wait in it for as long as a cloud does.
        _devices[0].Write(message, content);
        lock (_closing)
        {
            if (--_notifications == 0)
                _quiet?.TrySetResult();
        }
    }

    /// <summary>
    /// An interrupt can overtake its request when another reader holds that. The kernel then sends it again, if the
    /// request still waits; where that is not so it refuses this answer, which is right as well.
    /// </summary>
    public void AskForInterruptAgain(Request interrupt)
    {
        var header = new OutHeader { Length = OutHeader.Size, Error = -Errno.EAGAIN, Unique = interrupt.Header.Unique };
        foreach (var device in _devices)
        {
            if (device.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<OutHeader>(in header)), default) == 0)
                return;
        }
    }

    private bool TryAddDevice()
    {
        if (_devices[0].TryClone() is not { } device)
            return false;
        _devices.Add(device);
        return true;
    }

    private void BeginStop()
    {
        if (_stopping)
            return;
        Volatile.Write(ref _overdue, Environment.TickCount64 + (long)_drainLimit.TotalMilliseconds);
        _stopping = true;
    }

    private async Task EndAsync()
    {
        var readers = Task.WhenAll(_readers.Select(reader => reader.Ended));
        try
        {
            await readers.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogReaderDied(exception);
            // Without its readers a mount would hang everyone who touches it.
            BeginStop();
            await WaitForOthersAsync().ConfigureAwait(false);
        }
        Burst.Dispose();
        await Pending.CancelAllAndDrainAsync().ConfigureAwait(false);
        await EndNotificationsAsync().ConfigureAwait(false);
        // Only now: an answer written to a number that meanwhile means another file would be a catastrophe.
        foreach (var device in _devices)
            device.Close();
    }

    /// <summary>Has readers look again whether they may end; what waits for something (space, a cloud) is not to hold them up once they are overdue.</summary>
    private void Nudge()
    {
        if (IsOverdue)
            Pending.CancelAll();
        foreach (var reader in _readers)
            reader.Wake();
    }

    /// <returns>Whether none is under way.</returns>
    private bool CloseNotifications()
    {
        lock (_closing)
        {
            _closed = true;
            return _notifications == 0;
        }
    }

    private Task EndNotificationsAsync()
    {
        lock (_closing)
        {
            _closed = true;
            if (_notifications == 0)
                return Task.CompletedTask;
            _quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _quiet.Task;
        }
    }

    private async Task WaitForOthersAsync()
    {
        while (_readers.Any(reader => !reader.Ended.IsCompleted))
        {
            Nudge();
            await Task.Delay(WakeInterval).ConfigureAwait(false);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A message of {Length} bytes from the kernel is too short for a request; it is ignored.")]
    public partial void LogShortRequest(int length);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Agreed with the kernel: {Flags}.")]
    private partial void LogNegotiated(InitFlags flags);

    [LoggerMessage(Level = LogLevel.Error, Message = "A thread that serves the mount died; the mount ends.")]
    private partial void LogReaderDied(Exception exception);
}
