using System.Globalization;
using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests;

/// <summary>What a drive costs: objects at the clouds, and memory here. `./build.sh bench memory` does the same for 10 GiB and longer.</summary>
public sealed class FootprintTests
{
    [Fact]
    public async Task Five_thousand_small_files_are_less_than_40_objects()
    {
        // Everything that is written goes out together, however slow the machine is.
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Settings = new Dictionary<string, string> { ["JournalInterval"] = "3600" },
        });
        var random = new Random(5);
        var content = new byte[4096];
        for (var folder = 0; folder < 50; folder++)
        {
            Directory.CreateDirectory(drive.PathOf($"{folder}"));
            for (var file = 0; file < 100; file++)
            {
                random.NextBytes(content);
                File.WriteAllBytes(drive.PathOf($"{folder}", $"{file}"), content);
            }
        }

        await drive.FlushAsync();

        var objects = drive.Clouds.Sum(cloud => Directory.EnumerateFiles(cloud, "*", SearchOption.AllDirectories).Count());
        Assert.InRange(objects, 4, 39);
    }

    [Fact]
    public async Task Memory_stays_below_400_MiB_while_a_gibibyte_is_copied_in_and_read_back()
    {
        const int Limit = 400 << 10;
        await using var drive = await MountedDrive.CreateAsync(new MountedDriveOptions
        {
            Settings = new Dictionary<string, string> { ["StagingLimit"] = "512MiB", ["DiskCacheLimit"] = "64MiB" },
        });
        var random = new Random(6);
        var block = new byte[1 << 20];
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            await using var file = new FileStream(drive.PathOf(name), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (var number = 0; number < 256; number++)
            {
                random.NextBytes(block);
                file.Write(block);
            }
        }
        await drive.FlushAsync();
        var written = PeakKibibytes(drive);

        await drive.RemountAsync();
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            await using var file = new FileStream(drive.PathOf(name), FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0);
            while (file.Read(block) > 0)
            {
            }
        }

        Assert.InRange(written, 1, Limit);
        Assert.InRange(PeakKibibytes(drive), 1, Limit);
    }

    /// <summary>The largest resident set that the serving process has had.</summary>
    private static long PeakKibibytes(MountedDrive drive)
    {
        const string Peak = "VmHWM:";
        var line = File.ReadLines($"/proc/{drive.ProcessId}/status").First(line => line.StartsWith(Peak, StringComparison.Ordinal));
        return long.Parse(line[Peak.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
