using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Host.Tests.Applications;

/// <summary>Programs that skip holes must not skip what was written a moment ago and has not left the kernel's memory.</summary>
public sealed class SparseFileTests
{
    private const int Mebibyte = 1 << 20;

    [Fact]
    public async Task Data_that_was_just_written_is_no_hole_and_is_copied()
    {
        Shell.Require("cp", "tar", "cmp");
        await using var drive = await ApplicationDrive.CreateAsync();
        var path = drive.PathOf("written");
        var file = Posix.Open(path, Posix.ReadWrite | Posix.Create);
        Assert.True(file >= 0, $"open failed: {file}");
        var data = new byte[10_000];
        new Random(4).NextBytes(data);

        Assert.Equal(0, Posix.TruncateTo(file, 4 * Mebibyte));
        Assert.Equal(data.Length, Posix.Write(file, data, Mebibyte));
        Assert.InRange(Posix.Seek(file, 0, Posix.SeekData), Mebibyte - 4096, Mebibyte);
        Assert.Equal(data.Length, Posix.Write(file, data, 8 * Mebibyte));
        Assert.InRange(Posix.Seek(file, 2 * Mebibyte, Posix.SeekData), (8 * Mebibyte) - 4096, 8 * Mebibyte);
        Assert.Equal((8 * Mebibyte) + data.Length, Posix.Seek(file, 8 * Mebibyte, Posix.SeekHole));

        // While the writer still has it open.
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(data.Length, Posix.Write(file, data, (10 + round) * Mebibyte));
            await Shell.RunAsync(drive.MountPoint, """
                cp --sparse=always --reflink=never written copy
                cmp written copy
                tar --sparse -cf archive.tar written
                tar --diff -f archive.tar
                """);
        }
        Assert.Equal(0, Posix.Close(file));

        await drive.VerifyAsync("""
            cmp written copy
            tar --diff -f archive.tar
            [ "$(stat -c %b written)" -lt 1000 ] || fail "the holes take space: $(stat written)"
            """);
    }
}
