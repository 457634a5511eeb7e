using System.Runtime.InteropServices;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// Makes and removes the folders that objects lie in, so that a folder that holds an object is durable itself. Thread safe.
/// </summary>
internal sealed class FolderTree(string root)
{
    private const uint AnyPermission = 0x1FF;

    // A folder may be removed only when no writer is between finding it there and making its object durable in it: otherwise
    // another writer could make the folder again and not have synced its parent when the first one reports success.
    private readonly Lock _gate = new();
    private readonly HashSet<string> _durable = new(StringComparer.Ordinal);
    private int _writers;

    public static string PathOf(string root, string name) => OperatingSystem.IsWindows()
        ? Path.Join(root, name.Replace('/', '\\'))
        : Path.Join(root, name);

    /// <exception cref="CloudException">with <see cref="CloudErrorKind.NotFound"/> when the root is not there.</exception>
    public static void CheckRoot(string root)
    {
        try
        {
            if ((File.GetAttributes(root) & FileAttributes.Directory) != 0)
                return;
        }
        catch (Exception exception) when (FolderErrors.IsMissing(exception))
        {
            throw FolderErrors.RootMissing(root);
        }
        throw FolderErrors.RootMissing(root);
    }

    /// <summary>Makes the root and all its missing parents, durably.</summary>
    public static void CreateRoot(string root)
    {
        if (Directory.Exists(root))
            return;
        var parent = Path.GetDirectoryName(root);
        if (parent is not null)
            CreateRoot(parent);
        Directory.CreateDirectory(root);
        if (parent is not null)
            Sync(parent);
    }

    /// <summary>Makes the entries of a folder durable. Nothing to do on Windows, where NTFS journals them.</summary>
    public static void Sync(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Libc.Open(folder, Libc.CloseOnExec);
        if (descriptor < 0)
            throw Errno.Exception(Marshal.GetLastPInvokeError());
        var failed = Libc.Sync(descriptor) < 0;
        var errno = Marshal.GetLastPInvokeError();
        _ = Libc.Close(descriptor);
        // Some network file systems cannot sync a folder; they have no volatile state of it either.
        if (failed && !Errno.MeansUnsupported(errno))
            throw Errno.Exception(errno);
    }

    /// <summary>Announces a writer; until it is disposed no folder is removed.</summary>
    public Writing BeginWriting()
    {
        lock (_gate)
            _writers++;
        return new Writing(this);
    }

    /// <summary>Makes the folders that the object lies in, durably; never the root.</summary>
    public void EnsureParent(string name)
    {
        var slash = name.LastIndexOf('/');
        if (slash < 0)
            return;
        var folder = name[..slash];
        lock (_gate)
        {
            if (_durable.Contains(folder))
                return;
        }
        EnsureParent(folder);
        Make(folder, name);
        Sync(ParentOf(folder));
        lock (_gate)
            _durable.Add(folder);
    }

    /// <summary>To be called when a folder that was there is not: somebody else cleared up, or the root is gone.</summary>
    public void Forget()
    {
        lock (_gate)
            _durable.Clear();
    }

    public string ParentOf(string name)
    {
        var slash = name.LastIndexOf('/');
        return slash < 0 ? root : PathOf(root, name[..slash]);
    }

    /// <summary>Removes the folders above a deleted object that are empty now, unless somebody is writing.</summary>
    public void Prune(string name)
    {
        lock (_gate)
        {
            if (_writers > 0)
                return;
            for (var slash = name.LastIndexOf('/'); slash > 0; slash = name.LastIndexOf('/', slash - 1))
            {
                var folder = name[..slash];
                if (!RemoveEmpty(PathOf(root, folder)))
                    return;
                _durable.Remove(folder);
            }
        }
    }

    private static bool RemoveEmpty(string path)
    {
        if (!OperatingSystem.IsWindows())
            return Libc.RemoveFolder(path) == 0;
        try
        {
            Directory.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not empty, or in use: it stays, and does no harm.
            return false;
        }
    }

    private void Make(string folder, string name)
    {
        var path = PathOf(root, folder);
        if (OperatingSystem.IsWindows())
        {
            CheckRoot(root);
            if (File.Exists(path))
                throw FolderErrors.Conflict(name);
            Directory.CreateDirectory(path);
            return;
        }
        // One level only: Directory.CreateDirectory would make a vanished root again.
        if (Libc.MakeFolder(path, AnyPermission) == 0)
            return;
        var errno = Marshal.GetLastPInvokeError();
        if (errno == Errno.NotFolder || (errno == Errno.Exists && !Directory.Exists(path)))
            throw FolderErrors.Conflict(name);
        if (errno != Errno.Exists)
            throw Errno.Exception(errno);
    }

    private void EndWriting()
    {
        lock (_gate)
            _writers--;
    }

    public readonly struct Writing(FolderTree tree) : IDisposable
    {
        public void Dispose() => tree.EndWriting();
    }
}
