using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>
/// Plays the kernel's part over a socket pair, one message for each request and reply as on /dev/fuse, so that requests can
/// be sent that no kernel sends.
/// </summary>
internal sealed class SimulatedKernel : IAsyncDisposable
{
    private const int UnixDomain = 1;
    private const int SequencedPackets = 5;
    private const int CloseOnExec = 0x80000;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(2 << 20, pinned: true);
    private readonly FuseSession _session;
    private readonly int _socket;
    private ulong _lastUnique;

    /// <param name="fileSystem">Asked for what the requests want.</param>
    /// <param name="lacking">What an older kernel does not offer.</param>
    /// <param name="drainLimit">Of the session; null for the usual.</param>
    public SimulatedKernel(IFileSystem fileSystem, InitFlags lacking = InitFlags.None, TimeSpan? drainLimit = null)
    {
        (_socket, var device) = MakePair();
        _session = new FuseSession(device, fileSystem, NullLogger.Instance, drainLimit);
        Write(Build(Opcode.Init, 0, Bytes(new InitIn { Major = 7, Minor = 45, MaxReadAhead = 131_072, Flags = ~(uint)lacking, Flags2 = uint.MaxValue })));
        _session.Start(readers: 1);
        InitReply = MemoryMarshal.Read<InitOut>(Read().AsSpan(OutHeader.Size));
    }

    public InitOut InitReply { get; }

    public FuseSession Session => _session;

    /// <summary>Two descriptors between which each write is one message, as on /dev/fuse; the caller's to close.</summary>
    public static (int Kernel, int Device) MakePair()
    {
        Span<int> pair = stackalloc int[2];
        Assert.Equal(0, Libc.SocketPair(UnixDomain, SequencedPackets | CloseOnExec, 0, ref pair[0]));
        return (pair[0], pair[1]);
    }

    public static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(ref value)).ToArray();

    /// <summary>Sends a well-formed header with any body; the reply's errno and body.</summary>
    public (int Error, byte[] Body) Ask(Opcode opcode, ulong inode, params byte[] body)
    {
        Write(Build(opcode, inode, body));
        return Parse(Read());
    }

    public void Send(Opcode opcode, ulong inode, params byte[] body) => Write(Build(opcode, inode, body));

    /// <summary>Takes all that comes, until the session ends.</summary>
    public void SkipAll()
    {
        while (Libc.Read(_socket, Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0), _buffer.Length) > 0)
        {
        }
    }

    /// <summary>Sends any bytes.</summary>
    public void SendRaw(byte[] message) => Write(message);

    public (int Error, byte[] Body) ReadReply() => Parse(Read());

    /// <summary>Of any request: its number, and how many bytes were written.</summary>
    public (ulong Unique, uint Written) ReadWritten()
    {
        var reply = Read();
        var header = MemoryMarshal.Read<OutHeader>(reply);
        Assert.Equal(0, header.Error);
        return (header.Unique, MemoryMarshal.Read<WriteOut>(reply.AsSpan(OutHeader.Size)).Size);
    }

    public byte[] Build(Opcode opcode, ulong inode, byte[] body)
    {
        var header = new InHeader { Length = (uint)(InHeader.Size + body.Length), Opcode = opcode, Unique = _lastUnique += 2, NodeId = inode };
        return [.. Bytes(header), .. body];
    }

    public async ValueTask DisposeAsync()
    {
        await _session.StopAsync();
        _ = Libc.Close(_socket);
    }

    private (int Error, byte[] Body) Parse(byte[] reply)
    {
        var header = MemoryMarshal.Read<OutHeader>(reply);
        Assert.Equal((uint)reply.Length, header.Length);
        Assert.Equal(_lastUnique, header.Unique);
        return (header.Error, reply[Unsafe.SizeOf<OutHeader>()..]);
    }

    private void Write(byte[] message)
    {
        message.CopyTo(_buffer, 0);
        var written = Libc.Write(_socket, Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0), message.Length);
        Assert.True(written == message.Length, $"{written} of {message.Length} bytes written, errno {Marshal.GetLastPInvokeError()}");
    }

    private byte[] Read()
    {
        var length = Libc.Read(_socket, Marshal.UnsafeAddrOfPinnedArrayElement(_buffer, 0), _buffer.Length);
        Assert.True(length >= OutHeader.Size, $"a reply of {length} bytes");
        return _buffer[..(int)length];
    }
}
