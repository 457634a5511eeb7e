using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Logging;
using CuckooDrive.Host.State;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Tests;

/// <summary>Small parts that need no process.</summary>
public sealed class PartsTests
{
    [Theory]
    [InlineData("photos", true)]
    [InlineData("A.b-c_9", true)]
    [InlineData("", false)]
    [InlineData(".hidden", false)]
    [InlineData("-o", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("ä", false)]
    public void Names_of_drives(string name, bool valid) => Assert.Equal(valid, DriveName.IsValid(name));

    [Fact]
    public void A_name_of_64_characters_is_the_longest()
    {
        Assert.True(DriveName.IsValid(new string('a', 64)));
        Assert.False(DriveName.IsValid(new string('a', 65)));
    }

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("1000", 1000L)]
    [InlineData("64KiB", 65536L)]
    [InlineData("16 mib", 16777216L)]
    [InlineData("8GiB", 8589934592L)]
    [InlineData("1TiB", 1099511627776L)]
    public void Sizes_in_settings(string text, long bytes)
    {
        Assert.True(DriveSettings.TryParseSize(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("1.5GiB")]
    [InlineData("8GB")]
    [InlineData("9999999999TiB")]
    public void What_is_no_size(string text) => Assert.False(DriveSettings.TryParseSize(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1536L << 20, "1.5 GiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void Sizes_for_people(long bytes, string text) => Assert.Equal(text, Terminal.Size(bytes));

    [Theory]
    [InlineData("/mnt/drive", "")]
    [InlineData("/mnt/drive/", "")]
    [InlineData("/mnt/drive/a/b", "a/b")]
    [InlineData("/mnt/drive/a/../c", "c")]
    [InlineData("/mnt/driver/x", "mnt/driver/x")]
    [InlineData("a/b", "a/b")]
    public void Paths_inside_a_drive(string given, string inside) => Assert.Equal(inside, DrivePath.Of(given, "/mnt/drive"));

    [Fact]
    public void What_cannot_be_printed_of_the_log_stops_nobody()
    {
        var before = Console.Error;
        using var full = new StreamWriter(new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)) { AutoFlush = true };
        Console.SetError(full);
        try
        {
            using var provider = new ConsoleErrorLoggerProvider();
            provider.CreateLogger("CuckooDrive.Test").LogWarning("nobody reads this");
        }
        finally
        {
            Console.SetError(before);
            full.AutoFlush = false;
        }
    }

    [Fact]
    public void A_log_that_has_grown_is_begun_anew_and_two_are_kept()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "cuckoo.log");
        using (var provider = new FileLoggerProvider(path, TimeProvider.System, maximumLength: 1000))
        {
            var logger = provider.CreateLogger("CuckooDrive.Test");
            for (var line = 0; line < 100; line++)
                logger.LogWarning("Line {Number} of the log", line);
        }

        Assert.Equal(["cuckoo.log", "cuckoo.log.1", "cuckoo.log.2"], Directory.GetFiles(folder.Path).Select(file => Path.GetFileName(file)).Order());
        Assert.All(Directory.GetFiles(folder.Path), file => Assert.InRange(new FileInfo(file).Length, 1, 1000));
        Assert.Contains("warn  Test: Line 99 of the log", File.ReadLines(path).Last(), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task A_secret_prints_as_stars_and_passes_through_a_pipe()
    {
        using var given = SecretInput.FromText("correct horse");
        var pipe = new MemoryStream();
        await given.WriteToAsync(pipe, CancellationToken.None);
        pipe.Position = 0;

        using var received = SecretInput.ReadFrom(pipe);

        Assert.Equal("***", given.ToString());
        Assert.True(given.HasSameText(received));
    }
}
