using CuckooDrive.Testing.FileSystems;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Clouds;

/// <summary>
/// Clouds lost by the program as a user runs it. That every choice of clouds may be lost in every way is shown within the
/// process (HostileLossTests); here it is mounted, with the kernel and the background process between.
/// </summary>
public sealed class LostCloudsTests
{
    private const int FileCount = 12;

    /// <summary>Nothing is cached, so that what is read comes from the clouds.</summary>
    private static readonly Dictionary<string, string> NoCache = new() { ["DiskCacheLimit"] = "0", ["MemoryCacheLimit"] = "0", ["JournalInterval"] = "0.5" };

    [Theory]
    [InlineData(4, 1, 2)]
    [InlineData(4, 2, 0)]
    [InlineData(2, 1, 1)]
    public async Task Clouds_destroyed_while_mounted_leave_everything_readable_and_writable(int clouds, int survive, int first)
    {
        await using var drive = await MakeAsync(clouds, survive);
        for (var lost = 0; lost < survive; lost++)
            drive.DestroyCloud((first + lost) % clouds);
        await drive.RemountAsync();
        Check(drive, "before");
        Write(drive, "after");
        // A crash now finds on the local disk what no cloud could take.
        await drive.KillAsync();
        await drive.MountAsync();
        Check(drive, "before");
        Check(drive, "after");
    }

    [Theory]
    [InlineData(4, 1, 3)]
    [InlineData(3, 2, 1)]
    public async Task A_new_machine_reads_everything_from_the_clouds_that_are_left(int clouds, int survive, int first)
    {
        await using var drive = await MakeAsync(clouds, survive);
        await drive.LoseMachineAsync();
        for (var lost = 0; lost < survive; lost++)
            Spoil(drive.Clouds[(first + lost) % clouds]);
        (await drive.AttachAsync()).MustSucceed();
        await drive.MountAsync();
        Check(drive, "before");
        Write(drive, "after");
        Check(drive, "after");
    }

    [Fact]
    public async Task One_cloud_too_many_is_an_error_for_what_it_held_and_a_line_in_the_log()
    {
        await using var drive = await MakeAsync(4, 1);
        await drive.UnmountAsync();
        // Their member objects stay, so that they are clouds that answer and have lost their data.
        foreach (var cloud in drive.Clouds.Take(2))
            Directory.Delete(Path.Combine(cloud, "shard"), recursive: true);
        await drive.MountAsync();
        var unreadable = 0;
        for (var i = 0; i < FileCount; i++)
        {
            var content = new byte[ContentOf("before", i).Length + 1];
            var (error, length) = Read(drive.PathOf($"before{i}"), content);
            if (error == 0)
                Assert.Equal(ContentOf("before", i), content[..length]);
            else
                Assert.Equal(5, error);
            unreadable += error == 0 ? 0 : 1;
        }
        Assert.InRange(unreadable, 1, FileCount);
        Assert.Contains(File.ReadLines(drive.LogFile), line => line.Contains(" error ", StringComparison.Ordinal));
        // What can still be done goes on.
        Write(drive, "after");
        Check(drive, "after");
        Assert.NotEqual(0, (await drive.RunAsync("doctor", MountedDrive.Name)).ExitStatus);
    }

    [Fact]
    public async Task A_cloud_that_was_away_for_a_while_gets_what_it_missed()
    {
        await using var drive = await MakeAsync(4, 1);
        var away = drive.Clouds[1] + ".away";
        Directory.Move(drive.Clouds[1], away);
        // An empty folder, as the mount point of a disk that is not connected: nothing may be written there.
        Directory.CreateDirectory(drive.Clouds[1]);
        await drive.RemountAsync();
        Check(drive, "before");
        Write(drive, "meanwhile");
        Assert.Empty(Directory.EnumerateFileSystemEntries(drive.Clouds[1]));
        Directory.Delete(drive.Clouds[1]);
        Directory.Move(away, drive.Clouds[1]);
        await drive.FlushAsync();
        drive.DestroyCloud(0);
        await drive.RemountAsync();
        Check(drive, "before");
        Check(drive, "meanwhile");
    }

    private static async Task<MountedDrive> MakeAsync(int clouds, int survive)
    {
        var drive = await MountedDrive.CreateAsync(new MountedDriveOptions { Clouds = clouds, Survive = survive, Settings = NoCache });
        Write(drive, "before");
        await drive.FlushAsync();
        return drive;
    }

    private static void Write(MountedDrive drive, string prefix)
    {
        for (var i = 0; i < FileCount; i++)
        {
            using var file = File.OpenHandle(drive.PathOf($"{prefix}{i}"), FileMode.Create, FileAccess.Write);
            RandomAccess.Write(file, ContentOf(prefix, i), 0);
            RandomAccess.FlushToDisk(file);
        }
    }

    private static void Check(MountedDrive drive, string prefix)
    {
        for (var i = 0; i < FileCount; i++)
            Assert.Equal(ContentOf(prefix, i), File.ReadAllBytes(drive.PathOf($"{prefix}{i}")));
    }

    private static (int Error, int Length) Read(string path, byte[] buffer)
    {
        var file = Posix.Open(path, Posix.ReadOnly);
        Assert.True(file >= 0);
        try
        {
            var length = 0;
            while (true)
            {
                var read = Posix.Read(file, buffer.AsSpan(length), length);
                if (read <= 0)
                    return ((int)-read, length);
                length += (int)read;
            }
        }
        finally
        {
            Posix.Close(file);
        }
    }

    private static byte[] ContentOf(string prefix, int number)
    {
        var content = new byte[1 + (number * 50_021)];
        new Random((prefix.Length * 1000) + number).NextBytes(content);
        return content;
    }

    /// <summary>Changes bytes here and there in every object of a cloud.</summary>
    private static void Spoil(string cloud)
    {
        foreach (var path in Directory.EnumerateFiles(cloud, "*", SearchOption.AllDirectories))
        {
            var content = File.ReadAllBytes(path);
            for (var at = Random.Shared.Next(64); at < content.Length; at += 1 + Random.Shared.Next(64))
                content[at] ^= (byte)Random.Shared.Next(1, 256);
            File.WriteAllBytes(path, content);
        }
    }
}
