using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Support;

/// <summary>Reads directories by readdir(3), as names of raw bytes.</summary>
internal static class DirectoryListing
{
    /// <summary>All names but "." and "..".</summary>
    public static List<byte[]> Read(string path)
    {
        using var directory = new PosixDirectory(path);
        var names = new List<byte[]>();
        while (directory.Next() is { } name)
        {
            if (!name.AsSpan().SequenceEqual("."u8) && !name.AsSpan().SequenceEqual(".."u8))
                names.Add(name);
        }
        return names;
    }
}
