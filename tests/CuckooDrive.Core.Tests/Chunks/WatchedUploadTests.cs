using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>An upload has all the time it needs, and one that stands still does not keep a worker.</summary>
public sealed class WatchedUploadTests : IAsyncDisposable
{
    private const int Length = 20;

    private readonly ChunkStoreOptions _options = new() { StagingDirectory = "", CacheDirectory = "" };
    private readonly ManualTime _time = new();
    private readonly FaultPlan _plan = new(1) { Only = static request => request.Operation == CloudOperation.Stat };
    private readonly SteppingStorage _storage;
    private readonly CloudLane _lane;

    public WatchedUploadTests()
    {
        _storage = new SteppingStorage(new FaultStorage(new MemoryStorage(), _plan));
        _lane = new CloudLane(new CloudMember(0, "cloud", _storage, "domain"), _options, _time);
    }

    [Fact]
    public async Task Questions_that_get_no_answer_beside_an_upload_do_not_end_it_while_it_moves()
    {
        _plan.Hang = true;
        var write = Write();
        for (var taken = 0; taken < Length - 1; taken++)
        {
            await _storage.StepAsync();
            await AdvanceAsync();
        }
        Assert.False(write.IsCompleted);
        await _storage.StepAsync();
        Assert.Equal(Length, (await write).Length);
    }

    [Fact]
    public async Task An_upload_that_stands_still_ends_when_the_cloud_does_not_answer_a_question_either()
    {
        _plan.Hang = true;
        var write = Write();
        await _storage.StepAsync();
        for (var times = 0; times < 3; times++)
            await AdvanceAsync();
        Assert.Equal(CloudErrorKind.Transient, (await Assert.ThrowsAsync<CloudException>(() => write)).Kind);
    }

    [Fact]
    public async Task An_upload_that_stands_still_goes_on_when_the_cloud_answers_a_question()
    {
        var asked = 0;
        _plan.Only = request => request.Operation == CloudOperation.Stat && Interlocked.Increment(ref asked) < 0;
        var write = Write();
        await _storage.StepAsync();
        await AdvanceAsync();
        await AdvanceAsync();
        await ChunkStoreTests.WaitUntil(() => Volatile.Read(ref asked) == 1);
        for (var taken = 1; taken < Length; taken++)
            await _storage.StepAsync();
        Assert.Equal(Length, (await write).Length);
    }

    [Fact]
    public async Task An_upload_that_stands_still_for_too_long_ends_although_the_cloud_answers()
    {
        var write = Write(_options with { UploadTimeout = _options.ReadTimeout / 2 });
        await AdvanceAsync();
        var failure = await Assert.ThrowsAsync<CloudException>(() => write);
        Assert.Equal((CloudErrorKind.Transient, "cloud takes no more of an upload."), (failure.Kind, failure.Message));
    }

    [Fact]
    public async Task An_upload_that_ignores_its_cancellation_is_counted_until_it_ends()
    {
        using var stop = new CancellationTokenSource();
        var stubborn = new StubbornStorage(new MemoryStorage());
        var lane = new CloudLane(new CloudMember(0, "cloud", stubborn, "domain"), _options, _time);
        var write = WatchedUpload.WriteAsync(lane, "name", CloudContent.FromMemory(new byte[Length]), _options, _time, stop.Token);
        await stubborn.Begun.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        var idle = lane.WhenIdleAsync();
        Assert.NotSame(idle, await Task.WhenAny(idle, Task.Delay(300, TestContext.Current.CancellationToken)));
        stubborn.MayEnd.SetResult();
        await idle.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.NotNull(await stubborn.StatAsync("name", TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        _plan.Hang = false;
        await _storage.DisposeAsync();
    }

    private Task<CloudObject> Write(ChunkStoreOptions? options = null) => WatchedUpload.WriteAsync(
        _lane, "name", CloudContent.FromMemory(new byte[Length]), options ?? _options, _time, TestContext.Current.CancellationToken);

    /// <summary>Goes on by the time after which somebody looks at the upload.</summary>
    private async Task AdvanceAsync()
    {
        await ChunkStoreTests.WaitUntil(() => _time.Waiting > 0);
        _time.Advance(_options.ReadTimeout);
    }

    private sealed class StubbornStorage(ICloudStorage inner) : DelegatingStorage(inner)
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource MayEnd { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
        {
            Begun.SetResult();
            await MayEnd.Task;
            return await base.WriteAsync(name, content, CancellationToken.None);
        }
    }
}
