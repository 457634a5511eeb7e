using System.Runtime.InteropServices;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Linux;

namespace CuckooDrive.Host.State;

/// <summary>Files that only their user may read: 0600 in folders of 0700.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a folder and its missing parents; one of ours that exists is narrowed to 0700.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }
        // Missing parents too: the mode given to CreateDirectory holds for the last folder only.
        if (Path.GetDirectoryName(path) is { } parent && !Directory.Exists(parent))
            CreateFolder(parent);
        Directory.CreateDirectory(path, FolderMode);
        if (File.GetUnixFileMode(path) != FolderMode)
            File.SetUnixFileMode(path, FolderMode);
    }

    /// <summary>Does nothing where files have no such mode.</summary>
    public static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    /// <summary>Says so when a file with a secret can be read by other users.</summary>
    public static void WarnAboutReaders(Terminal terminal, string file)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        if (!OperatingSystem.IsWindows() && new FileInfo(file) is { Exists: true } info && (info.UnixFileMode & Others) != 0)
            terminal.Note($"Warning: other users can read '{file}'; protect it with: chmod 600 '{file}'");
    }

    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        // Unbuffered: a full disk is told by Write, and never again by Dispose.
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode is not System.IO.FileMode.Open)
            options.UnixCreateMode = FileMode;
        return new FileStream(path, options);
    }

    /// <summary>Makes a file durable. .NET's own Flush(true) keeps quiet when the disk is full or failed.</summary>
    public static void Sync(FileStream file)
    {
        if (OperatingSystem.IsWindows())
            file.Flush(flushToDisk: true);
        else if (NativeMethods.Synchronize(file.SafeFileHandle) != 0)
            throw new IOException($"{Marshal.GetLastPInvokeErrorMessage()} : '{file.Name}'", Marshal.GetLastPInvokeError());
    }

    /// <summary>Writes a small file so that a reader sees the old or the new content, never a part.</summary>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = Open(temporary, System.IO.FileMode.CreateNew, FileAccess.Write, FileShare.None))
            file.Write(content);
        File.Move(temporary, path, overwrite: true);
    }
}
