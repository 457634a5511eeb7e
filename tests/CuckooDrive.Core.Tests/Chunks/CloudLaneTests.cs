using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>What a call to a cloud can end as.</summary>
public sealed class CloudLaneTests
{
    /// <summary>Cloud and time limit meet within a microsecond now and then; who calls knows of one kind of failure only.</summary>
    [Fact]
    public async Task AnAnswerInTheMomentOfTheTimeOutIsAnAnswerOrATimeOut()
    {
        await using var cloud = new MemoryStorage();
        var options = new ChunkStoreOptions { StagingDirectory = "", CacheDirectory = "" };
        var time = new TimeIsUp();
        var lane = new CloudLane(new CloudMember(0, "cloud", cloud, "domain"), options, time);
        for (var round = 0; round < 60_000; round++)
        {
            var answer = new TaskCompletionSource<bool>();
            var call = lane.CallAsync(_ => answer.Task, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            await time.WhenSet();
            var spin = round % 400;
            var answering = Task.Run(() =>
            {
                Thread.SpinWait(spin);
                answer.SetResult(true);
            }, TestContext.Current.CancellationToken);
            time.Fire();
            try
            {
                Assert.True(await call.WaitAsync(TimeSpan.FromMinutes(1)));
            }
            catch (CloudException exception)
            {
                Assert.Equal(CloudErrorKind.Transient, exception.Kind);
            }
            await answering;
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public async Task A_call_waits_for_its_turn_while_the_cloud_answers_others_but_not_for_ever(int answers, bool isSilentAfter)
    {
        var timeout = TimeSpan.FromSeconds(20);
        var time = new ManualTime();
        await using var cloud = new MemoryStorage();
        var lane = new CloudLane(new CloudMember(0, "cloud", cloud, "domain"), new ChunkStoreOptions { StagingDirectory = "", CacheDirectory = "" }, time);
        var call = lane.CallAsync(_ => new TaskCompletionSource<bool>().Task, timeout, TestContext.Current.CancellationToken, longest: 3 * timeout);
        for (var answered = 0; answered < answers; answered++)
            await AdvanceAsync(isAnswering: true);
        await ChunkStoreTests.WaitUntil(() => time.Waiting == 1);
        Assert.False(call.IsCompleted);
        await AdvanceAsync(isAnswering: !isSilentAfter);
        var failure = await Assert.ThrowsAsync<CloudException>(() => call.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal(CloudErrorKind.Transient, failure.Kind);

        async Task AdvanceAsync(bool isAnswering)
        {
            await ChunkStoreTests.WaitUntil(() => time.Waiting == 1);
            time.Advance(timeout / 2);
            if (isAnswering)
                lane.ReportAnswer();
            time.Advance(timeout / 2);
        }
    }

    /// <summary>A clock whose one timer fires when the test says so.</summary>
    private sealed class TimeIsUp : TimeProvider
    {
        private TaskCompletionSource<Action> _set = New();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _set.TrySetResult(() => callback(state));
            return new Timer();
        }

        public Task WhenSet() => _set.Task.WaitAsync(TimeSpan.FromMinutes(1));

        public void Fire()
        {
            var set = Interlocked.Exchange(ref _set, New());
            set.Task.Result();
        }

        private static TaskCompletionSource<Action> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
