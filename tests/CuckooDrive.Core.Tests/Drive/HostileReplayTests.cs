using CuckooDrive.Core.Drives;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>Clouds that show an older state of themselves, whole or in part, or hide what they hold.</summary>
public sealed class HostileReplayTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_older_state_of_one_cloud_is_outvoted_and_reported_at_attach(bool checkpointBetween)
    {
        await using var hostile = await MakeAsync(checkpointBetween);
        await hostile.Hostile.RestoreAsync(0, hostile.Old[0]);
        var report = await hostile.Hostile.AttachAsync();
        Assert.Contains(report.Warnings, warning => warning.Contains("hostile:0", StringComparison.Ordinal));
        await hostile.Hostile.OpenAsync();
        await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "old", 3);
        await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "new", 3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_older_state_of_all_clouds_is_found_by_the_machine_that_knows_better(bool checkpointBetween)
    {
        await using var hostile = await MakeAsync(checkpointBetween);
        await hostile.Hostile.CloseAsync();
        for (var cloud = 0; cloud < hostile.Hostile.CloudCount; cloud++)
            await hostile.Hostile.RestoreAsync(cloud, hostile.Old[cloud]);
        await hostile.Hostile.OpenAsync();
        await WaitAsync(() => hostile.Hostile.Drive!.GetStatus().Warnings.Count(warning => warning.Contains("older state", StringComparison.Ordinal)) == 4);
        await WaitAsync(() => hostile.Hostile.Log.Lines.Count(line => line.Text.Contains("older state", StringComparison.Ordinal)) == 4);
        Assert.False((await hostile.Hostile.Drive!.CheckAsync(thorough: true)).IsHealthy);
    }

    [Fact]
    public async Task A_cloud_that_was_rolled_back_is_brought_up_to_date()
    {
        await using var hostile = await MakeAsync(checkpointBetween: false);
        await hostile.Hostile.CloseAsync();
        await hostile.Hostile.RestoreAsync(0, hostile.Old[0]);
        await hostile.Hostile.OpenAsync();
        await WaitAsync(() => hostile.Hostile.Drive!.GetStatus().Warnings.Any(warning => warning.Contains("older state", StringComparison.Ordinal)));
        await hostile.Hostile.Drive!.CheckpointAsync();
        for (var tries = 0; tries < 5; tries++)
        {
            await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "new", 3);
            await hostile.Hostile.FlushAsync();
        }
        // The rolled-back cloud and any other two are enough again.
        await hostile.Hostile.AttachAsync([0, 2, 3]);
        await hostile.Hostile.OpenAsync();
        await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "old", 3);
        await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "new", 3);
    }

    [Fact]
    public async Task A_segment_withheld_by_all_clouds_is_missed_and_the_loss_must_be_accepted()
    {
        await using var hostile = await MakeAsync(checkpointBetween: false);
        var segments = await hostile.Hostile.ObjectsAsync(0, ObjectNames.JournalPrefix);
        for (var cloud = 0; cloud < hostile.Hostile.CloudCount; cloud++)
            await hostile.Hostile.SetAsync(cloud, segments[^2], null);
        var error = await Assert.ThrowsAsync<DriveException>(() => hostile.Hostile.AttachAsync());
        Assert.Equal(DriveErrorKind.Damaged, error.Kind);
        await hostile.Hostile.AttachAsync(acceptLoss: true);
        await hostile.Hostile.OpenAsync();
        await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "old", 3);
        Assert.Equal(0, await HostileFiles.CountUnreadableAsync(hostile.Hostile.Drive!, "old", 3));
    }

    [Fact]
    public async Task An_older_segment_under_a_newer_name_is_not_applied()
    {
        await using var hostile = await MakeAsync(checkpointBetween: false);
        var segments = await hostile.Hostile.ObjectsAsync(0, ObjectNames.JournalPrefix);
        var old = await hostile.Hostile.GetAsync(0, segments[0]);
        for (var cloud = 0; cloud < hostile.Hostile.CloudCount; cloud++)
        {
            await hostile.Hostile.SetAsync(cloud, ObjectNames.Journal(1, (ulong)segments.Count), old);
            await hostile.Hostile.SetAsync(cloud, ObjectNames.Journal(9, 0), old);
            await hostile.Hostile.SetAsync(cloud, ObjectNames.Lease(9, 9), old);
        }
        await hostile.Hostile.AttachAsync(acceptLoss: true);
        await hostile.Hostile.OpenAsync();
        await HostileFiles.CheckAsync(hostile.Hostile.Drive!, "new", 3);
    }

    /// <summary>A drive with old and new files, and what the clouds held between.</summary>
    private static async Task<Replay> MakeAsync(bool checkpointBetween)
    {
        var hostile = await HostileDrive.CreateAsync();
        await HostileFiles.WriteAsync(hostile.Drive!, "old", 3);
        await hostile.FlushAsync();
        var old = new List<Dictionary<string, byte[]>>();
        for (var cloud = 0; cloud < hostile.CloudCount; cloud++)
            old.Add(await hostile.SnapshotAsync(cloud));
        await HostileFiles.WriteAsync(hostile.Drive!, "new", 3);
        await hostile.FlushAsync();
        if (checkpointBetween)
            await hostile.Drive!.CheckpointAsync();
        await HostileFiles.WriteAsync(hostile.Drive!, "last", 1);
        await hostile.FlushAsync();
        await HostileFiles.WriteAsync(hostile.Drive!, "newest", 1);
        await hostile.FlushAsync();
        return new Replay(hostile, old);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (var waited = 0; !condition(); waited++)
        {
            Assert.True(waited < 1000, "It does not happen.");
            await Task.Delay(10);
        }
    }

    private sealed record Replay(HostileDrive Hostile, List<Dictionary<string, byte[]>> Old) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Hostile.DisposeAsync();
    }
}
