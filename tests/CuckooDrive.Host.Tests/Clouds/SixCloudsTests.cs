using System.Text.Json;
using CuckooDrive.Host.Tests.Applications;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Host;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Host.Tests.Clouds;

/// <summary>One drive over six different clouds, of which any one may be lost, each in some trouble of its own.</summary>
public sealed class SixCloudsTests
{
    private const int Files = 96;

    private const string MakeTree = """
        mkdir source
        cd source
        for size in 0 1 4095 4096 4097 131071 131072 131073 1048577 3000001; do head -c $size /dev/urandom > $size; done
        for number in $(seq 100); do printf 'file %d\n' $number > small-$number; done
        yes compressible 2> /dev/null | head -c 1000000 > text || true
        mkdir -p deep/$(seq -s / 20); echo bottom > deep/$(seq -s / 20)/file
        ln text link; ln -s nowhere dangling
        cd ..

        """;

    private const string CopyTree = MakeTree + CopyTests.Compare + """
        tar --format=posix -cf "$1/archive.tar" source
        tar -xpf "$1/archive.tar" -C "$1"
        rsync -aHAX --modify-window=-1 source/ "$1/copy/"
        same source "$1/source" differences
        same source "$1/copy" differences
        """;

    private const string VerifyTree = CopyTests.Compare + """
        tar --diff -f "$1/archive.tar" -C "$1"
        same source "$1/source" differences
        same source "$1/copy" differences
        """;

    [Fact]
    public async Task Applications_work_on_while_three_of_six_clouds_are_in_trouble_and_all_is_protected_after()
    {
        Shell.Require("git", "sqlite3", "rsync", "tar");
        using var clouds = new SixClouds();
        await using var outside = new OutsideFolder();
        await using var drive = await MountedDrive.CreateAsync(clouds.Options);
        foreach (var folder in new[] { "git", "sqlite", "tree", "load" })
            Directory.CreateDirectory(drive.PathOf(folder));

        // A third is slow and a quarter says "later" with, another quarter without a time, before anything is written.
        clouds.SftpLine.Shape = new LineShape(TimeSpan.FromMilliseconds(200), 1_000_000);
        clouds.Dropbox.Faults.Add(new EmulatorFault { Status = 429, Share = 0.25, RetryAfter = 1, Times = int.MaxValue });
        clouds.Dropbox.Faults.Add(new EmulatorFault { Status = 429, Share = 1 / 3.0, Times = int.MaxValue });
        var git = Shell.RunAsync(drive.PathOf("git"), GitTests.Work, "10");
        var sqlite = Shell.RunAsync(drive.PathOf("sqlite"), SqliteTests.Work, "wal");
        var tree = Shell.RunAsync(outside.Path, CopyTree, drive.PathOf("tree"));
        var written = 0;
        var load = Enumerable.Range(0, 4).Select(writer => Task.Run(() => Write(drive, writer, ref written))).ToList();
        while (Volatile.Read(ref written) < Files / 2 && !load.Exists(writer => writer.IsFaulted))
            await Task.Delay(10);
        clouds.StopWebDav();
        await Task.WhenAll([git, sqlite, tree, .. load]);

        // Also what is no longer on this machine can be read.
        await drive.UnmountAsync();
        drive.DropDiskCache();
        await drive.MountAsync();
        for (var number = 0; number < Files; number++)
            Check(drive, number);
        using (var troubled = await drive.StatusAsync())
            Assert.NotEqual("protected", troubled.RootElement.GetProperty("protection").GetString());

        clouds.RestartWebDav();
        await FlushUntilProtectedAsync(drive);
        clouds.Dropbox.Faults.Clear();
        clouds.SftpLine.Shape = null;

        await drive.LoseMachineAsync();
        (await drive.AttachAsync()).MustSucceed();
        await drive.MountAsync();
        await Task.WhenAll(
            Shell.RunAsync(drive.PathOf("git"), GitTests.Verify, (await git).Trim()),
            Shell.RunAsync(drive.PathOf("sqlite"), SqliteTests.Verify),
            Shell.RunAsync(outside.Path, VerifyTree, drive.PathOf("tree")),
            Task.Run(() =>
            {
                for (var number = 0; number < Files; number++)
                    Check(drive, number);
            }));
        await drive.CheckAsync(thorough: true);
    }

    private static void Write(MountedDrive drive, int writer, ref int written)
    {
        for (var number = writer; number < Files; number += 4)
        {
            var path = drive.PathOf("load", $"{number}");
            DurableFile.Write($"{path}.new", Content(number));
            File.Move($"{path}.new", path);
            Check(drive, number);
            Interlocked.Increment(ref written);
        }
    }

    private static void Check(MountedDrive drive, int number) =>
        Assert.True(Content(number).AsSpan().SequenceEqual(File.ReadAllBytes(drive.PathOf("load", $"{number}"))), $"File {number} has other content.");

    /// <summary>Each eighth file is large.</summary>
    private static byte[] Content(int number)
    {
        var content = new byte[number % 8 == 0 ? 1_500_000 : 100 * number];
        new Random(number).NextBytes(content);
        return content;
    }

    // Packs that died meanwhile are removed from the clouds, which is told to them, after the flush that reported their death.
    private static async Task FlushUntilProtectedAsync(MountedDrive drive)
    {
        for (var tries = 0; ; tries++)
        {
            await drive.FlushAsync();
            using var status = await drive.StatusAsync();
            if (tries < 100 && status.RootElement.GetProperty("protection").GetString() != "protected")
            {
                await Task.Delay(100);
                continue;
            }
            AssertProtected(status.RootElement);
            return;
        }
    }

    private static void AssertProtected(JsonElement status)
    {
        Assert.Equal("protected", status.GetProperty("protection").GetString());
        Assert.Equal(0, status.GetProperty("queue").GetProperty("packs").GetInt64());
        Assert.Equal(0, status.GetProperty("journal").GetProperty("batches").GetInt64());
        var redundancy = status.GetProperty("redundancy");
        Assert.Equal((5, 1), (redundancy.GetProperty("dataShards").GetInt32(), redundancy.GetProperty("parityShards").GetInt32()));
        Assert.All(status.GetProperty("clouds").EnumerateArray(), cloud => Assert.True(cloud.GetProperty("shardBytes").GetInt64() > 0));
    }
}
