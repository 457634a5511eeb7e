using CuckooDrive.Mount.Fuse.Native;
using CuckooDrive.Mount.Fuse.Session;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>Over a socket pair in the place of /dev/fuse.</summary>
public sealed class PollingReaderTests : IDisposable
{
    private const int GetStatusFlags = 3;

    private readonly int _kernel;
    private readonly FuseDevice _device;
    private readonly RequestBurst _burst;
    private readonly PinnedBuffer _buffer = new(0, 16);
    private readonly PollingReader _reader;

    public PollingReaderTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        (_kernel, var device) = SimulatedKernel.MakePair();
        _device = new FuseDevice(device);
        _burst = new RequestBurst(new CpuLatencyRequest(NullLogger.Instance));
        _reader = new PollingReader(_device, _burst);
    }

    private bool ReadsWait => (Libc.FileControl(_device.Descriptor, GetStatusFlags, 0) & Libc.NonBlocking) == 0;

    [Fact]
    public void A_reader_that_must_not_wait_says_that_there_is_nothing()
    {
        Assert.Equal(-Errno.EAGAIN, _reader.Read(_buffer, mayWait: false));
        Send();
        Assert.Equal(1, _reader.Read(_buffer, mayWait: false));
        Send();
        Assert.Equal(1, _reader.Read(_buffer, mayWait: true));
        Assert.True(ReadsWait);
    }

    [Fact]
    public void It_polls_during_a_burst_only_and_not_while_others_need_the_processor()
    {
        Send();
        Assert.Equal(1, _reader.Read(_buffer, mayWait: true));
        Assert.True(ReadsWait);
        do
        {
            BeginBurst();
            Send();
            Assert.Equal(1, _reader.Read(_buffer, mayWait: true));
        }
        while (!_burst.IsUnderWay);
        Assert.Equal(Environment.ProcessorCount == 1, ReadsWait);
        _reader.LeaveProcessor();
        Send();
        Assert.Equal(1, _reader.Read(_buffer, mayWait: true));
        Assert.True(ReadsWait);
    }

    [Fact]
    public async Task It_sleeps_when_it_has_polled_in_vain_and_wakes_for_what_comes_later()
    {
        for (var round = 0; round < 10; round++)
        {
            BeginBurst();
            var reading = Task.Run(() => _reader.Read(_buffer, mayWait: true), CancellationToken.None);
            await Task.Delay(30, TestContext.Current.CancellationToken);
            await WaitUntilAsync(() => ReadsWait);
            Send();
            Assert.Equal(1, await reading.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_burst_ends_when_no_more_requests_come()
    {
        BeginBurst();
        await WaitUntilAsync(() => !_burst.IsUnderWay);
        BeginBurst();
    }

    public void Dispose()
    {
        _burst.Dispose();
        _device.Close();
        _ = Libc.Close(_kernel);
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 1000, "waited for too long");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    // Of these some fall into one window, however busy the machine.
    private void BeginBurst()
    {
        for (var count = 0; count < 1_000_000; count++)
        {
            _burst.Count();
            if (_burst.IsUnderWay)
                return;
        }
        Assert.Fail("There was no burst.");
    }

    private unsafe void Send()
    {
        byte one = 1;
        Assert.Equal(1, (int)Libc.Write(_kernel, (nint)(&one), 1));
    }
}
