using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>The first request of every connection: what this side wants of what the kernel can.</summary>
internal static class InitNegotiation
{
    private const uint Major = 7;
    private const uint Minor = 45;

    /// <summary>Linux 5.4, the oldest kernel still maintained when this was written.</summary>
    private const uint OldestMinor = 31;

    /// <summary>Requests of up to 1 MiB that the kernel has under way by itself: each holds a buffer here until it is answered.</summary>
    public const ushort MaxBackground = 16;
    private const ushort CongestionThreshold = 12;
    private const uint MaxWriteWithoutMaxPages = 128 * 1024;

    /// <summary>Reasons: docs/decisions/0002-fuse-protocol.md.</summary>
    private const InitFlags Wanted =
        InitFlags.AsyncRead | InitFlags.AtomicTruncate | InitFlags.BigWrites | InitFlags.DoReadDirPlus |
        InitFlags.ReadDirPlusAuto | InitFlags.AsyncDirectIo | InitFlags.WritebackCache |
        InitFlags.ParallelDirectoryOperations | InitFlags.MaxPages | InitFlags.CacheSymlinks |
        InitFlags.HandleKillPrivilegesV2 | InitFlags.SetXAttrExtended | InitFlags.InitExtended | InitFlags.HasExpireOnly;

    /// <summary>Without these the file system would not be correct.</summary>
    private const InitFlags Needed = InitFlags.BigWrites | InitFlags.AtomicTruncate | InitFlags.WritebackCache;

    /// <summary>Reads INIT from the device and answers it.</summary>
    /// <exception cref="FuseMountException">The kernel's protocol cannot be used.</exception>
    public static InitFlags Run(FuseDevice device, Buffers buffers, Request request)
    {
        var buffer = buffers.RentRequest();
        try
        {
            var length = device.Read(buffer);
            while (length is -Errno.EINTR or -Errno.EAGAIN)
                length = device.Read(buffer);
            if (length < 0)
                throw new FuseMountException(FuseMountFailure.Protocol, $"The kernel ended the new mount at once (errno {-length}).");
            return Answer(device, buffer, length, request);
        }
        finally
        {
            buffer.Release();
        }
    }

    private static InitFlags Answer(FuseDevice device, PinnedBuffer buffer, int length, Request request)
    {
        if (length < InHeader.Size + InitIn.BasicSize || !request.Load(device, buffer, length) || request.Header.Opcode != Opcode.Init)
            throw new FuseMountException(FuseMountFailure.Protocol, "The kernel's first message is not the one expected.");
        var init = ReadInit(request.Body.Span);
        if (init.Major != Major || init.Minor < OldestMinor)
        {
            request.ReplyErrno(Errno.EPROTO);
            throw new FuseMountException(
                FuseMountFailure.Protocol,
                $"The kernel speaks version {init.Major}.{init.Minor} of the FUSE protocol; 7.{OldestMinor} (Linux 5.4) or later is needed.");
        }
        var offered = (InitFlags)init.Flags | (InitFlags)((ulong)init.Flags2 << 32);
        var agreed = Wanted & offered;
        if ((agreed & Needed) != Needed)
        {
            request.ReplyErrno(Errno.EPROTO);
            throw new FuseMountException(FuseMountFailure.Protocol, "The kernel's FUSE lacks write-back caching or atomic truncation.");
        }
        var error = request.Reply(BuildReply(init, agreed));
        if (error != 0)
            throw new FuseMountException(FuseMountFailure.Protocol, $"The kernel did not take the answer to its first message (errno {error}).");
        return agreed;
    }

    private static InitIn ReadInit(ReadOnlySpan<byte> body)
    {
        InitIn init = default;
        var bytes = MemoryMarshal.AsBytes(new Span<InitIn>(ref init));
        body[..Math.Min(body.Length, bytes.Length)].CopyTo(bytes);
        return init;
    }

    private static InitOut BuildReply(in InitIn init, InitFlags agreed) => new()
    {
        Major = Major,
        Minor = Math.Min(Minor, init.Minor),
        MaxReadAhead = init.MaxReadAhead,
        Flags = (uint)agreed,
        Flags2 = (uint)((ulong)agreed >> 32),
        MaxBackground = MaxBackground,
        CongestionThreshold = CongestionThreshold,
        MaxWrite = agreed.HasFlag(InitFlags.MaxPages) ? Buffers.MaximumTransfer : MaxWriteWithoutMaxPages,
        // Pages of 16 or 64 KiB on some ARM machines (a Raspberry Pi 5): as many of those would be reads of 4 MiB and more.
        MaxPages = (ushort)(Buffers.MaximumTransfer / Environment.SystemPageSize),
        TimeGranularity = 1,
    };
}
