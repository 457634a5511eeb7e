using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>When the work on sealed packs waits for programs that write, and when it does not. The clock stands, so that a writer never pauses.</summary>
public sealed class ForegroundWritesTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<ICloudStorage> _clouds = [];

    [Fact]
    public async Task A_pack_waits_while_somebody_writes_until_somebody_waits_for_it()
    {
        var writes = Create(Folder());
        writes.Note();
        var step = StepAside(writes);
        Assert.NotEqual(step, await Task.WhenAny(step, Task.Delay(200)));
        writes.BeginWait();
        await step.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_pack_does_not_wait_for_ever()
    {
        var writes = Create(Folder());
        var sealedAt = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(4));
        writes.Note();
        await StepAside(writes, sealedAt).WaitAsync(Patience);
    }

    [Fact]
    public async Task When_a_cloud_is_far_away_nothing_waits()
    {
        var writes = Create(Folder(), new MemoryStorage());
        writes.Note();
        await StepAside(writes).WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var cloud in _clouds)
            await cloud.DisposeAsync();
        _folder.Dispose();
        _stopping.Dispose();
    }

    private FolderStorage Folder()
    {
        var folder = new FolderStorage(_folder.Path);
        folder.CreateRoot();
        return folder;
    }

    private ForegroundWrites Create(params ICloudStorage[] clouds)
    {
        _clouds.AddRange(clouds);
        var options = new ChunkStoreOptions { StagingDirectory = _folder.Path, CacheDirectory = _folder.Path };
        var lanes = new CloudLanes([.. clouds.Select((cloud, id) => new CloudMember((ushort)id, $"cloud{id}", cloud, $"domain{id}"))], options, _time);
        return new ForegroundWrites(new SpaceManager(options, new Redundancy(1, 0), lanes, _time), lanes, _time);
    }

    private Task StepAside(ForegroundWrites writes, long? sealedAt = null)
    {
        var since = sealedAt ?? _time.GetTimestamp();
        return Task.Run(() => writes.StepAside(since, _stopping.Token));
    }
}
