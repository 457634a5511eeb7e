using System.Text;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>Files of known content on a drive whose clouds misbehave.</summary>
internal static class HostileFiles
{
    /// <summary>Writes files of many sizes, each with fsync.</summary>
    public static async Task WriteAsync(Drive drive, string prefix, int count)
    {
        for (var i = 0; i < count; i++)
            await DriveFixture.WriteAsync(drive, prefix + i, ContentOf(prefix, i));
    }

    /// <summary>Reads them all and expects every byte.</summary>
    public static async Task CheckAsync(Drive drive, string prefix, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (error, content) = await TryReadAsync(drive, prefix + i);
            Assert.True(error == FsError.None, $"{prefix}{i}: {error}; {string.Join(" ", drive.GetStatus().Warnings)} {string.Join(" ", drive.GetStatus().Clouds)}");
            Assert.Equal(ContentOf(prefix, i), content);
        }
    }

    /// <summary>Reads them all: each is right or gives an input/output error. Returns how many gave one.</summary>
    public static async Task<int> CountUnreadableAsync(Drive drive, string prefix, int count)
    {
        var unreadable = 0;
        for (var i = 0; i < count; i++)
        {
            var (error, content) = await TryReadAsync(drive, prefix + i);
            if (error == FsError.None)
                Assert.Equal(ContentOf(prefix, i), content);
            else
                Assert.Equal(FsError.Io, error);
            unreadable += error == FsError.None ? 0 : 1;
        }
        return unreadable;
    }

    public static async Task<(FsError Error, byte[]? Content)> TryReadAsync(Drive drive, string name)
    {
        var fs = drive.FileSystem;
        var found = await fs.LookupAsync(IFileSystem.RootInode, Encoding.UTF8.GetBytes(name), default);
        if (!found.Succeeded)
            return (found.Error, null);
        var inode = found.Value.Attributes.Inode;
        var opened = await fs.OpenAsync(inode, Core.Volume.OpenOptions.Read, default);
        try
        {
            var content = new byte[found.Value.Attributes.Size];
            for (var at = 0; at < content.Length;)
            {
                var read = await fs.ReadAsync(inode, opened.Value.Handle, at, content.AsMemory(at, Math.Min(128 << 10, content.Length - at)), default);
                if (!read.Succeeded)
                    return (read.Error, null);
                at += read.Value;
            }
            return (FsError.None, content);
        }
        finally
        {
            fs.Release(inode, opened.Value.Handle);
            fs.Forget(inode, 1);
        }
    }

    private static byte[] ContentOf(string prefix, int number)
    {
        var content = new byte[1 + (number * 40_503 % 300_000)];
        new Random(HashOf(prefix) + number).NextBytes(content);
        return content;
    }

    private static int HashOf(string text) => text.Aggregate(17, static (hash, letter) => (hash * 31) + letter);
}
