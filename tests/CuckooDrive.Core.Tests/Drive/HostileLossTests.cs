using CuckooDrive.Core.Drives;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>
/// Every choice of as many clouds as may be lost, in every way of losing them: while the drive is open, before it is
/// opened, and when a new machine attaches it. Everything is read right, and writing goes on.
/// </summary>
public sealed class HostileLossTests
{
    private const int FileCount = 8;

    public enum Loss
    {
        Destroyed,
        Emptied,
        Corrupted,
        Hanging,
        RefusingWrites,
    }

    /// <summary>Clouds and how many of them may be lost: 3+1, 2+2, and replication 1+1 and 1+2.</summary>
    public static TheoryData<int, int, Loss> Cases()
    {
        var cases = new TheoryData<int, int, Loss>();
        foreach (var (clouds, survive) in new[] { (4, 1), (4, 2), (2, 1), (3, 2) })
        {
            foreach (var loss in Enum.GetValues<Loss>())
                cases.Add(clouds, survive, loss);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Any_choice_of_lost_clouds_leaves_everything_readable_and_writable(int clouds, int survive, Loss loss)
    {
        await using var hostile = await MakeAsync(clouds, survive);
        var written = 0;
        foreach (var lost in Choices(clouds, survive))
        {
            var intact = await SnapshotAsync(hostile);
            // While open.
            await HostileFiles.CheckAsync(hostile.Drive!, "one", 1);
            await LoseAsync(hostile, lost, loss);
            await HostileFiles.CheckAsync(hostile.Drive!, "one", FileCount);
            await HostileFiles.CheckAsync(hostile.Drive!, "two", FileCount);
            await HostileFiles.WriteAsync(hostile.Drive!, $"more{written++}-", 2);
            // Before it is opened.
            await hostile.ReopenAsync();
            await HostileFiles.CheckAsync(hostile.Drive!, "one", FileCount);
            for (var i = 0; i < written; i++)
                await HostileFiles.CheckAsync(hostile.Drive!, $"more{i}-", 2);
            await FindAsync(hostile, lost, intact);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Any_choice_of_lost_clouds_leaves_enough_to_attach(int clouds, int survive, Loss loss)
    {
        await using var hostile = await MakeAsync(clouds, survive);
        foreach (var lost in Choices(clouds, survive))
        {
            var intact = await SnapshotAsync(hostile);
            await hostile.CloseAsync();
            await LoseAsync(hostile, lost, loss);
            var report = await hostile.AttachAsync();
            if (loss is not Loss.RefusingWrites)
                Assert.NotEmpty(report.Warnings);
            await hostile.OpenAsync();
            await HostileFiles.CheckAsync(hostile.Drive!, "one", FileCount);
            await HostileFiles.CheckAsync(hostile.Drive!, "two", FileCount);
            await FindAsync(hostile, lost, intact);
        }
    }

    [Theory]
    [InlineData(4, 1, Loss.Destroyed)]
    [InlineData(4, 2, Loss.Corrupted)]
    [InlineData(2, 1, Loss.Hanging)]
    [InlineData(3, 2, Loss.Emptied)]
    public async Task One_cloud_too_many_gives_errors_and_never_wrong_bytes(int clouds, int survive, Loss loss)
    {
        await using var hostile = await MakeAsync(clouds, survive);
        var lost = Enumerable.Range(0, survive + 1).ToArray();
        var intact = await SnapshotAsync(hostile);
        await LoseAsync(hostile, lost, loss);
        await hostile.ReopenAsync();
        var unreadable = await HostileFiles.CountUnreadableAsync(hostile.Drive!, "one", FileCount);
        Assert.InRange(unreadable, 1, FileCount);
        Assert.Contains(hostile.Log.Lines, line => line.Level == Microsoft.Extensions.Logging.LogLevel.Error);
        await FindAsync(hostile, lost, intact);
        await hostile.ReopenAsync();
        await HostileFiles.CheckAsync(hostile.Drive!, "one", FileCount);
    }

    /// <summary>A drive with a checkpoint, journal after it, and nothing cached.</summary>
    private static async Task<HostileDrive> MakeAsync(int clouds, int survive)
    {
        var hostile = await HostileDrive.CreateAsync(clouds, survive);
        await HostileFiles.WriteAsync(hostile.Drive!, "one", FileCount);
        await hostile.FlushAsync();
        await hostile.Drive!.CheckpointAsync();
        await HostileFiles.WriteAsync(hostile.Drive!, "two", FileCount);
        await hostile.FlushAsync();
        return hostile;
    }

    private static async Task<List<Dictionary<string, byte[]>>> SnapshotAsync(HostileDrive hostile)
    {
        var all = new List<Dictionary<string, byte[]>>();
        for (var cloud = 0; cloud < hostile.CloudCount; cloud++)
            all.Add(await hostile.SnapshotAsync(cloud));
        return all;
    }

    private static async Task LoseAsync(HostileDrive hostile, int[] lost, Loss loss)
    {
        foreach (var cloud in lost)
        {
            switch (loss)
            {
                case Loss.Destroyed:
                    hostile.Plans[cloud].Offline = true;
                    break;
                case Loss.Emptied:
                    await hostile.RestoreAsync(cloud, []);
                    break;
                case Loss.Corrupted:
                    foreach (var name in await hostile.ObjectsAsync(cloud))
                        await hostile.SetAsync(cloud, name, Spoil(await hostile.GetAsync(cloud, name)));
                    break;
                case Loss.Hanging:
                    hostile.Plans[cloud].Hang = true;
                    break;
                default:
                    hostile.Plans[cloud].RefuseWrites = true;
                    break;
            }
        }
    }

    /// <summary>The clouds are found again, with what they held and everything up to date.</summary>
    private static async Task FindAsync(HostileDrive hostile, int[] lost, List<Dictionary<string, byte[]>> intact)
    {
        foreach (var cloud in lost)
        {
            foreach (var (name, content) in intact[cloud])
                await hostile.SetAsync(cloud, name, content);
            var plan = hostile.Plans[cloud];
            plan.Hang = plan.Offline = plan.RefuseWrites = false;
        }
        await hostile.FlushAsync();
    }

    private static byte[] Spoil(byte[] content)
    {
        for (var at = Random.Shared.Next(64); at < content.Length; at += 1 + Random.Shared.Next(64))
            content[at] ^= (byte)Random.Shared.Next(1, 256);
        return content;
    }

    private static IEnumerable<int[]> Choices(int clouds, int count) =>
        Enumerable.Range(0, 1 << clouds).Where(set => int.PopCount(set) == count)
            .Select(set => Enumerable.Range(0, clouds).Where(cloud => (set >> cloud & 1) == 1).ToArray());
}
