using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Tests.Protocol;

public class PinnedBufferTests
{
    private readonly PinnedBufferPool _pool = new(80, 8192, keep: 2);

    [Fact]
    public void A_lent_buffer_is_not_used_again_before_all_references_are_released()
    {
        var buffer = _pool.Rent();
        Assert.False(buffer.IsLent);
        var lender = LenderOf(buffer.Payload[100..]);
        lender.AddReference();
        lender.AddReference();
        Assert.True(buffer.IsLent);
        buffer.Release();
        Assert.NotSame(buffer, _pool.Rent());
        lender.Release();
        Assert.NotSame(buffer, _pool.Rent());
        lender.Release();
        Assert.Same(buffer, _pool.Rent());
        Assert.False(buffer.IsLent);
    }

    [Fact]
    public void A_reference_that_nobody_may_have_is_an_error()
    {
        var buffer = _pool.Rent();
        buffer.Release();
        Assert.Throws<InvalidOperationException>(LenderOf(buffer.Memory).AddReference);
    }

    [Fact]
    public void A_reference_released_twice_is_an_error()
    {
        var buffer = _pool.Rent();
        buffer.Release();
        Assert.Throws<InvalidOperationException>(buffer.Release);
    }

    [Fact]
    public void Only_a_pools_buffers_can_be_lent()
    {
        Assert.False(MemoryMarshal.TryGetMemoryManager<byte, LendableMemory>(new PinnedBuffer(80, 8192).Memory, out _));
        Assert.False(new PinnedBuffer(80, 8192).IsLent);
    }

    private static LendableMemory LenderOf(Memory<byte> memory)
    {
        Assert.True(MemoryMarshal.TryGetMemoryManager<byte, LendableMemory>(memory, out var lender));
        return lender;
    }
}
