using System.Globalization;
using System.Text;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Host.Tests.Applications;

/// <summary>How editors save: a temporary file, fsync, rename over the old one. Whoever reads meanwhile sees one version whole.</summary>
public sealed class EditorTests
{
    private const int Saves = 200;

    [Fact]
    public async Task Every_reader_of_a_file_that_is_saved_by_rename_sees_one_whole_version()
    {
        await using var drive = await ApplicationDrive.CreateAsync();
        var path = drive.PathOf("document.txt");
        Save(path, version: 0);

        const int Readers = 2;
        var saved = false;
        using var reading = new CountdownEvent(Readers);
        var readers = Enumerable.Range(0, Readers).Select(_ => OnThread(() =>
        {
            var newest = Check(File.ReadAllBytes(path));
            reading.Signal();
            for (var last = false; !last;)
            {
                last = Volatile.Read(ref saved);
                var seen = Check(File.ReadAllBytes(path));
                Assert.True(seen >= newest, $"version {seen} was seen after {newest}");
                newest = seen;
            }
            Assert.Equal(Saves, newest);
        })).ToList();
        var writer = OnThread(() =>
        {
            try
            {
                Assert.True(reading.Wait(TimeSpan.FromMinutes(1)), "A reader has not begun.");
                for (var version = 1; version <= Saves; version++)
                {
                    // Whoever has the old version open keeps it, after it has lost its name.
                    using var old = File.OpenRead(path);
                    Save(path, version);
                    var content = new byte[old.Length];
                    old.ReadExactly(content);
                    Assert.Equal(version - 1, Check(content));
                }
            }
            finally
            {
                Volatile.Write(ref saved, true);
            }
        });
        await writer;
        await Task.WhenAll(readers);

        await drive.VerifyAsync(() =>
        {
            Assert.Equal(Saves, Check(File.ReadAllBytes(path)));
            Assert.Equal(["document.txt"], Directory.EnumerateFileSystemEntries(drive.MountPoint).Select(Path.GetFileName));
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task A_save_that_was_synced_outlives_the_death_of_the_program()
    {
        await using var drive = await ApplicationDrive.CreateAsync();
        var path = drive.PathOf("document.txt");
        for (var version = 0; version <= 20; version++)
            Save(path, version);
        SyncFolder(drive.MountPoint);

        await drive.KillAsync();
        await drive.MountAsync();

        Assert.Equal(20, Check(await File.ReadAllBytesAsync(path)));
        await drive.VerifyAsync(async () => Assert.Equal(20, Check(await File.ReadAllBytesAsync(path))));
    }

    // All at once, and not as the pool finds threads for them.
    private static Task OnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The version's number, and as many copies of it that each version has a length of its own.</summary>
    private static byte[] Content(int version) => Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Repeat(version.ToString("D8", CultureInfo.InvariantCulture), 1 + (version * 7919 % 20_000))));

    private static int Check(byte[] content)
    {
        var version = int.Parse(content.AsSpan(0, 8), CultureInfo.InvariantCulture);
        Assert.True(content.AsSpan().SequenceEqual(Content(version)), $"version {version} of {content.Length} bytes is not whole");
        return version;
    }

    private static void Save(string path, int version)
    {
        var temporary = path + "~";
        var file = Posix.Open(temporary, Posix.WriteOnly | Posix.Create | Posix.Exclusive);
        Assert.True(file >= 0, $"open failed: {file}");
        var content = Content(version);
        Assert.Equal(content.Length, Posix.Write(file, content));
        Assert.Equal(0, Posix.Sync(file));
        Assert.Equal(0, Posix.Close(file));
        File.Move(temporary, path, overwrite: true);
    }

    private static void SyncFolder(string path)
    {
        var folder = Posix.Open(path, Posix.ReadOnly);
        Assert.True(folder >= 0, $"open failed: {folder}");
        Assert.Equal(0, Posix.Sync(folder));
        Assert.Equal(0, Posix.Close(folder));
    }
}
