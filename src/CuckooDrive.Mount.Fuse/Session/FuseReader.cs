using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Dispatch;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>One thread that reads requests and answers what can be answered at once.</summary>
internal sealed class FuseReader
{
    /// <summary>Ten seconds in all; then the lack of memory is an error like any other.</summary>
    private const int RentAttempts = 1000;

    private static readonly TimeSpan RentInterval = TimeSpan.FromMilliseconds(10);

    private readonly FuseSession _session;
    private readonly FuseDevice _device;
    private readonly PollingReader _requests;
    private readonly HeldAnswers _held;
    private readonly Dispatcher _dispatcher;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int _threadId;
    private volatile bool _isDraining;

    public FuseReader(FuseSession session, FuseDevice device, Dispatcher dispatcher, int number)
    {
        _session = session;
        _device = device;
        _requests = new PollingReader(device, session.Burst);
        _held = new HeldAnswers(device);
        _dispatcher = dispatcher;
        _thread = new Thread(Run) { IsBackground = true, Name = $"fuse-reader-{number}" };
    }

    /// <summary>Faults when the thread died of something unforeseen.</summary>
    public Task Ended => _ended.Task;

    public void Start() => _thread.Start();

    /// <summary>Makes a read that waits return once the session stops. To be repeated until <see cref="Ended"/>: the signal may come just before the read.</summary>
    public void Wake()
    {
        if (_threadId != 0 && !_isDraining && !_ended.Task.IsCompleted)
            _ = Libc.SignalThread(Environment.ProcessId, _threadId, WakeSignal.Number);
    }

    /// <inheritdoc cref="PollingReader.LeaveProcessor"/>
    public void LeaveProcessor() => _requests.LeaveProcessor();

    private void Run()
    {
        _threadId = Libc.ThreadId();
        try
        {
            try
            {
                Loop();
            }
            finally
            {
                _held.Send();
            }
            _ended.SetResult();
        }
        catch (Exception exception)
        {
            _ended.SetException(exception);
        }
    }

    private void Loop()
    {
        var buffer = _session.Buffers.RentRequest();
        var request = _session.Requests.Rent();
        while (!_session.MayAbandon)
        {
            // The read does not wait any more then, and nothing else may be interrupted.
            var stopping = _session.Stopping;
            _isDraining = stopping;
            // Asked before the read: the answer to a write sends the kernel's next one.
            var isDrained = _session.IsDrained;
            var length = _requests.Read(buffer, mayWait: !stopping && _held.IsEmpty);
            if (length < 0)
            {
                if (!_held.IsEmpty)
                {
                    _held.Send();
                    continue;
                }
                if (length == -Errno.ENODEV || (length == -Errno.EAGAIN && isDrained))
                    break;
                // ENOENT: the request was interrupted before it was read.
                if (length is not (-Errno.EINTR or -Errno.EAGAIN or -Errno.ENOENT))
                    throw new IOException($"Reading from /dev/fuse failed (errno {-length}).");
                if (length == -Errno.EAGAIN)
                    Thread.Sleep(1);
                continue;
            }
            if (length < InHeader.Size)
            {
                _session.LogShortRequest(length);
                continue;
            }
            var wellFormed = request.Load(_device, buffer, length);
            var keepsBuffer = request.LargeInput is not null;
            request.Held = _held;
            _held.Next(isSmallWrite: !keepsBuffer && request.Header.Opcode == Opcode.Write);
            if (Handle(request, wellFormed))
            {
                request.LargeInput = null;
                request.ReleaseReply();
                if (buffer.IsLent)
                {
                    buffer.Release();
                    buffer = RentBuffer();
                }
                continue;
            }
            request = _session.Requests.Rent();
            if (keepsBuffer)
                buffer = RentBuffer();
        }
    }

    /// <summary>Without memory it waits a while for what is flushed to give some back: a reader that ends takes the mount with it.</summary>
    private PinnedBuffer RentBuffer()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return _session.Buffers.RentRequest();
            }
            catch (OutOfMemoryException) when (attempt < RentAttempts)
            {
                Thread.Sleep(RentInterval);
            }
        }
    }

    private bool Handle(Request request, bool wellFormed)
    {
        try
        {
            if (!wellFormed)
                return _dispatcher.Malformed(request);
            if (_session.IsOverdue)
                return _dispatcher.Refuse(request);
            return request.Header.Opcode == Opcode.Interrupt ? Interrupt(request) : _dispatcher.Dispatch(request);
        }
        catch (Exception exception)
        {
            // The root of the request: nothing that a file system throws may end the reader.
            _dispatcher.Fail(request, exception);
            return true;
        }
    }

    private bool Interrupt(Request request)
    {
        if (request.Body.Length < Marshal.SizeOf<InterruptIn>())
            return _dispatcher.Malformed(request);
        var target = MemoryMarshal.Read<InterruptIn>(request.Body.Span).Unique;
        if (!_session.Pending.Interrupt(target))
            _session.AskForInterruptAgain(request);
        return true;
    }
}
