using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Dispatch;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;
using CuckooDrive.Testing.FileSystems;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>The promise of the hot path: what completes at once is answered without an allocation.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Repeats = 2000;

    private readonly Buffers _buffers = new();
    private readonly MemoryFileSystem _files = new(TimeProvider.System);
    private readonly FuseDevice _device;
    private readonly Dispatcher _dispatcher;
    private readonly Request _request;
    private readonly HeldAnswers _held;

    public AllocationTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        var requests = new RequestPool(_buffers);
        _dispatcher = new Dispatcher(_files, requests, new PendingRequests(), NullLogger.Instance);
        _request = requests.Rent();
        _device = new FuseDevice(Libc.Open("/dev/null", Libc.OpenReadWrite | Libc.OpenCloseOnExec));
        _held = new HeldAnswers(_device);
    }

    public void Dispose() => _device?.Close();

    [Theory]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    public async Task The_frequent_requests_allocate_nothing(int size)
    {
        var file = (await _files.CreateAsync(1, "file"u8.ToArray(), 0x81A4, OpenOptions.Write, default, default)).Value;
        var (inode, handle) = (file.Entry.Attributes.Inode, file.Handle);
        AssertFree(Opcode.Write, inode, [.. SimulatedKernel.Bytes(new WriteIn { Handle = handle, Size = (uint)size }), .. new byte[size]]);
        AssertFree(Opcode.Write, inode, [.. SimulatedKernel.Bytes(new WriteIn { Handle = handle, Size = (uint)size, WriteFlags = WriteFlags.FromPageCache }), .. new byte[size]]);
        AssertFree(Opcode.Read, inode, SimulatedKernel.Bytes(new ReadIn { Handle = handle, Size = (uint)size }));
        AssertFree(Opcode.GetAttr, inode, new byte[16]);
        AssertFree(Opcode.Lookup, 1, "file\0"u8.ToArray());
        AssertFree(Opcode.Lookup, 1, "missing\0"u8.ToArray());
        AssertFree(Opcode.GetXAttr, inode, [.. SimulatedKernel.Bytes(new GetXAttrIn()), .. "security.capability\0"u8]);
        AssertFree(Opcode.FSync, inode, SimulatedKernel.Bytes(new FSyncIn { Handle = handle }));
    }

    private void AssertFree(Opcode opcode, ulong inode, byte[] body)
    {
        var buffer = _buffers.RentRequest();
        var header = new InHeader { Length = (uint)(InHeader.Size + body.Length), Opcode = opcode, Unique = 2, NodeId = inode };
        MemoryMarshal.Write(buffer.Span, in header);
        body.CopyTo(buffer.Span[InHeader.Size..]);
        Handle(buffer, (int)header.Length);
        Handle(buffer, (int)header.Length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Repeats; i++)
            Handle(buffer, (int)header.Length);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // The smallest object has 24 bytes; a collection meanwhile may count the rest of an 8 KiB allocation area as used.
        Assert.True(allocated < Repeats * 12, $"{opcode}: {allocated / Repeats} bytes for each request");
        buffer.Release();
    }

    private void Handle(PinnedBuffer buffer, int length)
    {
        Assert.True(_request.Load(_device, buffer, length));
        _request.Held = _held;
        _held.Next(isSmallWrite: _request.Header.Opcode == Opcode.Write && _request.LargeInput is null);
        Assert.True(_dispatcher.Dispatch(_request));
        _request.ReleaseReply();
    }
}
