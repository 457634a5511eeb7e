using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Host.Tests.Applications;

/// <summary>A program that works on a file through memory, as databases and linkers do, while others read and write it by calls.</summary>
public sealed class MappedFileTests
{
    private const int Length = (8 << 20) + 1234;
    private const int Rounds = 2_000;

    [Fact]
    public async Task A_shared_mapping_and_calls_see_the_same_bytes_and_a_remount_keeps_them()
    {
        await using var drive = await ApplicationDrive.CreateAsync();
        var path = drive.PathOf("mapped");
        var random = new Random(2014);
        var expected = new byte[Length];
        random.NextBytes(expected);
        await File.WriteAllBytesAsync(path, expected);

        var file = Posix.Open(path, Posix.ReadWrite);
        Assert.True(file >= 0, $"open failed: {file}");
        using (var shared = new PosixMapping(file, Length, shared: true))
        using (var own = new PosixMapping(file, Length, shared: false))
        {
            for (var round = 0; round < Rounds; round++)
            {
                var bytes = new byte[random.Next(1, 20_000)];
                var offset = random.Next(Length - bytes.Length + 1);
                switch (random.Next(6))
                {
                    case 0 or 1:
                        random.NextBytes(bytes);
                        shared.Write(offset, bytes);
                        bytes.CopyTo(expected, offset);
                        break;
                    case 2:
                        random.NextBytes(bytes);
                        Assert.Equal(bytes.Length, Posix.Write(file, bytes, offset));
                        bytes.CopyTo(expected, offset);
                        break;
                    case 3:
                        shared.Read(offset, bytes);
                        AssertSame(expected, bytes, offset, round);
                        break;
                    case 4:
                        Assert.Equal(bytes.Length, Posix.Read(file, bytes, offset));
                        AssertSame(expected, bytes, offset, round);
                        break;
                    default:
                        // What is written to a private mapping must never reach the file.
                        own.Write(offset, bytes);
                        if (round % 50 == 0)
                            Assert.Equal(0, shared.Sync());
                        break;
                }
            }
            // Another process reads what is so far only in memory.
            await Shell.RunAsync(drive.MountPoint, """[ "$(sha256sum < mapped)" = "$1  -" ] || fail "another process sees other bytes" """, Hash(expected));
            Assert.Equal(0, shared.Sync());
        }
        Assert.Equal(0, Posix.Close(file));

        await drive.VerifyAsync("""[ "$(sha256sum < mapped)" = "$1  -" ] || fail "a remount changed the file" """, Hash(expected));
    }

    private static void AssertSame(byte[] expected, byte[] actual, int offset, int round) =>
        Assert.True(expected.AsSpan(offset, actual.Length).SequenceEqual(actual), $"round {round}: {actual.Length} bytes at {offset} differ");

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
}
