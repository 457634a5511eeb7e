using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Dispatch;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// One request and the memory that it and its reply live in. Reused: a reader keeps one and fills it again and again as
/// long as requests are answered at once; one that is not goes its own way and comes back to the pool when answered.
/// Used by one thread at a time.
/// </summary>
#pragma warning disable CA1001 // a cancellation source without a timer or wait handle holds nothing to dispose of
internal sealed class Request
#pragma warning restore CA1001
{
    private readonly Buffers _buffers;
    private readonly PinnedBuffer _small;
    private readonly PinnedBuffer _smallReply;
    private PinnedBuffer? _largeReply;
    private readonly CancellationTokenSource _cancellation = new();

    public Request(Buffers buffers)
    {
        _buffers = buffers;
        _small = new PinnedBuffer(Buffers.WritePayloadOffset, Buffers.SmallRequest - Buffers.WritePayloadOffset);
        _smallReply = new PinnedBuffer(OutHeader.Size, Buffers.SmallRequest);
        Directory = new DirectoryReply();
    }

    public InHeader Header;

    /// <summary>What follows the header, without extensions.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    public FuseDevice Device { get; private set; } = null!;

    /// <summary>Set when the body lies in the reader's large buffer, which then belongs to the request until answered.</summary>
    public PinnedBuffer? LargeInput { get; set; }

    /// <summary>Where the reader that handles the request collects answers; null where it does not.</summary>
    public HeldAnswers? Held { get; set; }

    public bool Answered { get; private set; }

    /// <summary>Guarded by <see cref="PendingRequests"/>. An interrupted request is not used again: its cancellation may still be under way.</summary>
    public bool Interrupted { get; set; }

    public CancellationToken CancellationToken => _cancellation.Token;

    /// <summary>The sink of directory reads.</summary>
    public DirectoryReply Directory { get; }

    /// <summary>Where a reply's payload goes that the file system fills in; valid after <see cref="PrepareReply"/>.</summary>
    public Memory<byte> ReplyPayload { get; private set; }

    /// <returns>False when the lengths in the header do not fit what was read.</returns>
    public bool Load(FuseDevice device, PinnedBuffer input, int length)
    {
        Device = device;
        Answered = false;
        Header = MemoryMarshal.Read<InHeader>(input.Span);
        var bodyEnd = length - (Header.ExtensionLength * 8);
        if (Header.Length != (uint)length || bodyEnd < InHeader.Size)
            return false;
        if (length <= Buffers.SmallRequest)
        {
            input.Span[..length].CopyTo(_small.Span);
            Body = _small.Memory[InHeader.Size..bodyEnd];
            LargeInput = null;
        }
        else
        {
            Body = input.Memory[InHeader.Size..bodyEnd];
            LargeInput = input;
        }
        return true;
    }

    public void Cancel() => _cancellation.Cancel();

    public bool TryReset()
    {
        Body = default;
        Directory.Clear();
        return !Interrupted && _cancellation.TryReset();
    }

    public void PrepareReply(int payloadSize)
    {
        if (payloadSize <= Buffers.SmallRequest)
        {
            ReplyPayload = _smallReply.Payload[..payloadSize];
            return;
        }
        _largeReply = _buffers.RentReply(payloadSize);
        ReplyPayload = _largeReply.Payload[..payloadSize];
    }

    /// <summary>Answers with an error or an empty success. All answers return 0 or the errno of the write.</summary>
    public int ReplyErrno(int errno) => Send(_smallReply, -errno, 0);

    public int Reply<T>(in T body)
        where T : unmanaged
    {
        MemoryMarshal.Write(_smallReply.Span[OutHeader.Size..], in body);
        return Send(_smallReply, 0, Unsafe.SizeOf<T>());
    }

    /// <summary>Answers with the first <paramref name="length"/> bytes of <see cref="ReplyPayload"/>.</summary>
    public int ReplyPrepared(int length) => Send(_largeReply ?? _smallReply, 0, length);

    public int ReplyBytes(ReadOnlySpan<byte> bytes)
    {
        PrepareReply(bytes.Length);
        bytes.CopyTo(ReplyPayload.Span);
        return ReplyPrepared(bytes.Length);
    }

    /// <summary>Gives back what was rented for a reply.</summary>
    public void ReleaseReply()
    {
        ReplyPayload = default;
        if (_largeReply is not { } buffer)
            return;
        _largeReply = null;
        buffer.Release();
    }

    private int Send(PinnedBuffer buffer, int error, int payload)
    {
        var header = new OutHeader
        {
            Length = (uint)(OutHeader.Size + payload),
            Error = error,
            Unique = Header.Unique,
        };
        MemoryMarshal.Write(buffer.Span, in header);
        Answered = true;
        return Device.Write(buffer.Address, (int)header.Length);
    }
}
