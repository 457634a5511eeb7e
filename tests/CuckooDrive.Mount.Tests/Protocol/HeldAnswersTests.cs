using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>Over a socket pair in the place of /dev/fuse.</summary>
public sealed class HeldAnswersTests : IDisposable
{
    private readonly PinnedBuffer _buffer = new(OutHeader.Size, 64);
    private readonly int _kernel;
    private readonly FuseDevice _device;
    private readonly HeldAnswers _held;

    public HeldAnswersTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        (_kernel, var device) = SimulatedKernel.MakePair();
        _device = new FuseDevice(device);
        _held = new HeldAnswers(_device);
    }

    public void Dispose()
    {
        _device?.Close();
        _ = Libc.Close(_kernel);
    }

    [Fact]
    public void The_first_write_is_answered_at_once_and_those_that_follow_in_reverse()
    {
        Assert.False(Write(2));
        Assert.True(Write(4));
        Assert.True(Write(6));
        Assert.True(Write(8));
        Assert.Empty(Answers());
        Assert.False(_held.IsEmpty);
        _held.Send();
        Assert.Equal([8UL, 6, 4], Answers());
        Assert.True(_held.IsEmpty);
    }

    [Fact]
    public void Another_request_has_them_sent_and_ends_the_series()
    {
        Write(2);
        Write(4);
        _held.Next(isSmallWrite: false);
        Assert.Equal([4UL], Answers());
        Assert.False(Write(6));
        Assert.True(_held.IsEmpty);
    }

    [Fact]
    public void No_more_are_held_than_the_kernel_has_under_way()
    {
        Write(2);
        var sent = 0;
        for (var number = 2UL; number < 100; number++)
        {
            Assert.True(Write(number * 2));
            sent += Answers().Count;
            Assert.InRange((int)number - 1 - sent, 0, InitNegotiation.MaxBackground);
        }
        Assert.True(sent > 80);
    }

    /// <summary>Writes that are not held, because they wait for something, count as well: an answer is held for a few requests and no longer.</summary>
    [Fact]
    public void Nothing_is_held_for_more_than_a_few_requests()
    {
        Write(2);
        Write(4);
        for (var i = 0; i < InitNegotiation.MaxBackground; i++)
            _held.Next(isSmallWrite: true);
        Assert.Equal([4UL], Answers());
    }

    private bool Write(ulong number)
    {
        _held.Next(isSmallWrite: true);
        return _held.TryHold(number, (int)number + 4096);
    }

    private List<ulong> Answers()
    {
        Assert.True(Libc.FileControl(_kernel, Libc.SetStatusFlags, Libc.NonBlocking) >= 0);
        List<ulong> numbers = [];
        while (Libc.Read(_kernel, _buffer.Address, _buffer.Length) is > 0 and var length)
        {
            Assert.Equal(Unsafe.SizeOf<OutHeader>() + Unsafe.SizeOf<WriteOut>(), (int)length);
            var header = MemoryMarshal.Read<OutHeader>(_buffer.Span);
            Assert.Equal(((uint)length, 0), (header.Length, header.Error));
            Assert.Equal((uint)header.Unique + 4096, MemoryMarshal.Read<WriteOut>(_buffer.Span[OutHeader.Size..]).Size);
            numbers.Add(header.Unique);
        }
        return numbers;
    }
}
