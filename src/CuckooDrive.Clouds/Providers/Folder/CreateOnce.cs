using System.Runtime.InteropServices;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>The ways to give a finished file its name without ever replacing another, best first.</summary>
internal enum CreateOnceMethod
{
    /// <summary>link(2): atomic everywhere that has hard links, NFS included.</summary>
    Link,
    /// <summary>renameat2 or renamex_np that refuse to replace: FAT, exFAT, SMB. On Windows, MoveFileEx.</summary>
    Rename,
    /// <summary>A lock file made with O_EXCL around a look and a rename: works on anything.</summary>
    Locked,
}

/// <summary>
/// Moves a file to a name that must be free, atomically against all other writers. Begins with the best method and falls back
/// when the file system refuses it. Thread safe.
/// </summary>
internal sealed class CreateOnce(CreateOnceMethod method)
{
    private volatile CreateOnceMethod _method = OperatingSystem.IsWindows() ? CreateOnceMethod.Rename : method;

    /// <summary>On success <paramref name="source"/> is gone.</summary>
    /// <exception cref="IOException">The errno is the HResult; EEXIST when the target exists, ENOENT when its folder is missing.</exception>
    public void Move(string source, string target, string lockFolder)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Move(source, target, overwrite: false);
            return;
        }
        if (_method == CreateOnceMethod.Link)
        {
            var errno = Libc.Link(source, target) == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (errno == 0)
            {
                File.Delete(source);
                return;
            }
            // Where a file system has no hard links, EPERM is the documented answer, but some say EACCES.
            if (!Errno.MeansUnsupported(errno))
                throw Errno.Exception(errno);
            RenameOrLock(source, target, lockFolder);
            _method = CreateOnceMethod.Rename;
            return;
        }
        RenameOrLock(source, target, lockFolder);
    }

    private void RenameOrLock(string source, string target, string lockFolder)
    {
        if (_method != CreateOnceMethod.Locked)
        {
            var errno = RenameExclusive(source, target);
            if (errno == 0)
                return;
            if (!Errno.MeansUnsupported(errno))
                throw Errno.Exception(errno);
        }
        MoveLocked(source, target, lockFolder);
    }

    private static int RenameExclusive(string source, string target)
    {
        try
        {
            var result = OperatingSystem.IsMacOS()
                ? Libc.RenameMac(source, target, Libc.RenameExclusive)
                : Libc.Rename(Libc.AtFdCwd, source, Libc.AtFdCwd, target, Libc.RenameNoReplace);
            return result == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        catch (EntryPointNotFoundException)
        {
            return Errno.NoSuchCall;
        }
    }

    private static void MoveLocked(string source, string target, string lockFolder)
    {
        using (TakeLock(Path.Join(lockFolder, "lock")))
        {
            if (File.Exists(target) || Directory.Exists(target))
                throw Errno.Exception(Errno.Exists);
            // Free, as was just seen: File.Move without overwrite would try link(2) again.
            File.Move(source, target, overwrite: true);
        }
    }

    // One lock for the whole folder: this is the slow path of odd file systems. A lock left by a crash is removed with the
    // stale temporaries.
    private static FileStream TakeLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception) when (exception.HResult == Errno.Exists)
        {
            throw new CloudException(CloudErrorKind.Transient, "Another writer holds the lock of the folder.", exception);
        }
    }
}
