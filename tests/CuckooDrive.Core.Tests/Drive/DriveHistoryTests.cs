using CuckooDrive.Core.Drives;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>
/// Random histories of a drive: writes, flushes, checkpoints, clouds that come and go, reopening, and a new machine from a
/// random sufficient set of clouds. What was flushed is always there; what was written later is there or is as it was.
/// </summary>
public sealed class DriveHistoryTests
{
    private const int Steps = 60;
    private const int Files = 6;

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    public async Task NothingThatWasFlushedIsEverLost(int clouds)
    {
        var seed = Environment.GetEnvironmentVariable("CUCKOO_TEST_SEED") is { } given ? int.Parse(given) : Random.Shared.Next();
        try
        {
            await RunAsync(clouds, new Random(seed));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"CUCKOO_TEST_SEED={seed}: {exception.Message}", exception);
        }
    }

    private static async Task RunAsync(int clouds, Random random)
    {
        await using var fixture = new DriveFixture(clouds);
        await fixture.CreateAsync();
        fixture.OpenOptions = fixture.OpenOptions with { CloseTimeout = TimeSpan.FromMilliseconds(300) };
        // For each file the content at the last flush, and all that it has been since.
        var since = Enumerable.Range(0, Files).Select(_ => new List<byte[]?> { null }).ToArray();
        var machines = 0;
        var drive = await fixture.OpenAsync();
        try
        {
            for (var step = 0; step < Steps; step++)
            {
                switch (random.Next(12))
                {
                    case < 6:
                        var file = random.Next(Files);
                        var content = DriveFixture.Content(step, random.Next(1, 200_000));
                        await ReplaceAsync(drive, $"{file}", content);
                        since[file].Add(content);
                        break;
                    case < 8:
                        fixture.SetOffline(false);
                        await InTimeAsync(drive.FlushAsync());
                        Settle();
                        break;
                    case 8:
                        fixture.SetOffline(false);
                        await InTimeAsync(drive.CheckpointAsync());
                        await InTimeAsync(drive.FlushAsync());
                        Settle();
                        break;
                    case 9:
                        fixture.SetOffline(random.Next(2) == 0, random.Next(clouds));
                        break;
                    case 10:
                        await InTimeAsync(drive.DisposeAsync().AsTask());
                        drive = await fixture.OpenAsync();
                        for (var i = 0; i < Files; i++)
                            Assert.Equal(since[i][^1], await DriveFixture.ReadAsync(drive, $"{i}"));
                        break;
                    default:
                        fixture.SetOffline(false);
                        await InTimeAsync(drive.DisposeAsync().AsTask());
                        fixture.State = $"machine{++machines}";
                        var lost = random.Next(-1, clouds);
                        await InTimeAsync(fixture.AttachAsync([.. Enumerable.Range(0, clouds).Where(i => i != lost)]));
                        drive = await fixture.OpenAsync();
                        await CheckAttachedAsync();
                        break;
                }
            }
            fixture.SetOffline(false);
            await InTimeAsync(drive.FlushAsync());
            DriveFixture.AssertHealthy(await drive.CheckAsync(thorough: true));
        }
        finally
        {
            await drive.DisposeAsync();
        }

        void Settle()
        {
            for (var i = 0; i < Files; i++)
                since[i] = [since[i][^1]];
        }

        async Task CheckAttachedAsync()
        {
            for (var i = 0; i < Files; i++)
            {
                var found = await DriveFixture.ReadAsync(drive, $"{i}");
                Assert.True(since[i].Exists(version => Same(version, found)), $"file {i} is neither as it was flushed nor as anything later");
                since[i] = [found];
            }
        }
    }

    /// <summary>What waits for ever fails, with the seed that shows it.</summary>
    private static Task InTimeAsync(Task task, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(task))] string what = "") =>
        task.WaitAsync(TimeSpan.FromMinutes(2)).ContinueWith(
            done => done.Exception?.InnerException is TimeoutException ? throw new TimeoutException(what) : done, TaskScheduler.Default).Unwrap();

    private static bool Same(byte[]? x, byte[]? y) => x is null ? y is null : y is not null && x.AsSpan().SequenceEqual(y);

    /// <summary>Writes a new file and puts it in the old one's place in one step, so that a version is whole or not there.</summary>
    private static async Task ReplaceAsync(Drive drive, string name, byte[] content)
    {
        await DriveFixture.WriteAsync(drive, "new", content);
        var root = Core.Volume.IFileSystem.RootInode;
        var error = await drive.FileSystem.RenameAsync(root, "new"u8.ToArray(), root, System.Text.Encoding.UTF8.GetBytes(name), Core.Volume.RenameOptions.None, default);
        Assert.Equal(Core.Volume.FsError.None, error);
        Assert.Equal(Core.Volume.FsError.None, await drive.FileSystem.SyncAsync(root, false, default));
    }
}
