using System.Globalization;
using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// The folder with a drive's local state, held open by one process: an exclusive lock on a file in it, which the system
/// releases when the process ends in whatever way.
/// </summary>
/// <remarks>
/// <c>lock</c> and <c>owner</c> (who holds it), <c>header</c> (a copy of the newest header; its presence makes the folder a
/// drive's), <c>header.lock</c> and <c>keys.lock</c> (held while it, or the drive's keys, are changed), <c>removed-keys</c>, <c>metadata/</c> (the store), <c>outbox/</c> (sealed objects on their way to the clouds), <c>staging/</c> and
/// <c>cache/</c> (packs), <c>credentials/</c> (how this machine signs in to clouds). Only their owner may read them; nothing in them is in plain.
/// </remarks>
internal sealed class StateFolder : IDisposable
{
    private const string HeaderName = "header";
    private const string StagingName = "staging";

    private readonly FileStream _lock;

    private StateFolder(string path, FileStream lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    public string Path { get; }

    public string HeaderPath => HeaderIn(Path);

    public string MetadataPath => System.IO.Path.Combine(Path, "metadata");

    public string OutboxPath => System.IO.Path.Combine(Path, "outbox");

    public string StagingPath => System.IO.Path.Combine(Path, StagingName);

    public string CachePath => System.IO.Path.Combine(Path, "cache");

    public static string HeaderIn(string directory) => System.IO.Path.Combine(directory, HeaderName);

    /// <summary>Whether the folder holds a complete drive.</summary>
    public static bool HoldsDrive(string directory) => File.Exists(HeaderIn(directory));

    /// <summary>Takes the folder of an existing drive.</summary>
    public static StateFolder Open(string directory)
    {
        if (!HoldsDrive(directory))
            throw new DriveException(DriveErrorKind.NotADrive,
                $"There is no drive in {directory}; create one with 'cuckoo create' or bring one here with 'cuckoo attach'.");
        return Take(directory);
    }

    /// <summary>
    /// Takes a folder for a new drive: it is made, or holds nothing but what an attempt that did not come to its end left
    /// behind, which is removed.
    /// </summary>
    public static StateFolder Create(string directory)
    {
        if (HoldsDrive(directory))
            throw AlreadyExists(directory);
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any() && !File.Exists(LockIn(directory)))
            throw new DriveException(DriveErrorKind.LocalState,
                $"The folder {directory} holds files that are not a drive's; choose an empty folder.");
        // A drive that was ever open may have here the only copy of what was written to it.
        if (Directory.Exists(System.IO.Path.Combine(directory, StagingName)))
            throw new DriveException(DriveErrorKind.LocalState,
                $"The folder {directory} holds a drive that has lost its header; move the folder away before another drive takes its place.");
        PrivateFiles.CreateDirectory(directory);
        var folder = Take(directory);
        try
        {
            if (HoldsDrive(directory))
                throw AlreadyExists(directory);
            folder.RemoveContents();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Removes everything, the folder too: a drive that was not completed.</summary>
    public void Remove()
    {
        RemoveContents();
        Dispose();
        File.Delete(LockIn(Path));
        File.Delete(OwnerIn(Path));
        Directory.Delete(Path);
    }

    public void Dispose() => _lock.Dispose();

    private static StateFolder Take(string directory)
    {
        FileStream file;
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Unix.
            file = OpenLock(LockIn(directory));
        }
        catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException) && IsLocked(directory))
        {
            throw new DriveException(DriveErrorKind.InUse,
                $"The drive is in use by {DescribeOwner(directory)}; unmount it there first.", exception);
        }
        var owner = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}");
        PrivateFiles.Replace(OwnerIn(directory), System.Text.Encoding.ASCII.GetBytes(owner));
        return new StateFolder(directory, file);
    }

    /// <summary>Held by one at a time, until it is disposed or its process ends.</summary>
    /// <exception cref="IOException">Somebody holds it.</exception>
    public static FileStream OpenLock(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    // Told apart from a disk that fails: the lock file is there, and another attempt fails in the same way.
    private static bool IsLocked(string directory)
    {
        try
        {
            OpenLock(LockIn(directory)).Dispose();
            return false;
        }
        catch (IOException)
        {
            return File.Exists(LockIn(directory));
        }
    }

    private static string DescribeOwner(string directory)
    {
        try
        {
            return $"process {File.ReadAllText(OwnerIn(directory))}";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    private static DriveException AlreadyExists(string directory) => new(DriveErrorKind.AlreadyExists,
        $"There is a drive in {directory} already; choose another name, or mount that one.");

    private static string LockIn(string directory) => System.IO.Path.Combine(directory, "lock");

    private static string OwnerIn(string directory) => System.IO.Path.Combine(directory, "owner");

    private void RemoveContents()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(Path))
        {
            if (entry == LockIn(Path) || entry == OwnerIn(Path))
                continue;
            if (Directory.Exists(entry))
                Directory.Delete(entry, recursive: true);
            else
                File.Delete(entry);
        }
    }
}
