using System.Runtime.InteropServices;

namespace CuckooDrive.Testing.FileSystems;

/// <summary>An open directory as opendir(3) and its companions give it.</summary>
public sealed class PosixDirectory : IDisposable
{
    // struct dirent on 64-bit Linux: inode (8), offset (8), length (2), type (1), name.
    private const int NameOffset = 19;

    private nint _directory;

    public PosixDirectory(string path)
    {
        _directory = Posix.Native.opendir(Posix.Encode(path));
        if (_directory == 0)
            throw new IOException($"opendir of '{path}' failed (errno {Marshal.GetLastPInvokeError()}).");
    }

    /// <summary>The next name, "." and ".." too, or null at the end.</summary>
    public byte[]? Next()
    {
        var entry = Posix.Native.readdir(_directory);
        if (entry == 0)
            return null;
        var length = 0;
        while (Marshal.ReadByte(entry, NameOffset + length) != 0)
            length++;
        var name = new byte[length];
        Marshal.Copy(entry + NameOffset, name, 0, length);
        return name;
    }

    /// <summary>For <see cref="Seek"/>.</summary>
    public long Tell() => Posix.Native.telldir(_directory);

    public void Seek(long position) => Posix.Native.seekdir(_directory, position);

    public void Rewind() => Posix.Native.rewinddir(_directory);

    public void Dispose()
    {
        if (_directory != 0)
            _ = Posix.Native.closedir(_directory);
        _directory = 0;
    }
}
