using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// The unfinished files of a folder, in <c>.tmp</c>, which no object name can reach. Thread safe.
/// </summary>
internal sealed class Temporaries(string root, TimeProvider time)
{
    /// <summary>A file that nobody has written to for that long was left by a crash: a living writer appends all the time.</summary>
    private static readonly TimeSpan StaleAge = TimeSpan.FromHours(24);

    // Ours are never stale, however long the machine slept.
    private readonly string _own = Guid.NewGuid().ToString("n");
    private int _count;
    private int _swept;

    public string Folder { get; } = Path.Join(root, ".tmp");

    public PendingFile Create()
    {
        var path = Path.Join(Folder, $"{_own}-{Interlocked.Increment(ref _count)}");
        SafeFileHandle handle;
        try
        {
            handle = Open(path);
        }
        catch (Exception exception) when (FolderErrors.IsMissing(exception))
        {
            FolderTree.CheckRoot(root);
            MakeFolder();
            handle = Open(path);
        }
        if (Interlocked.Exchange(ref _swept, 1) == 0)
            RemoveStale();
        return new PendingFile(path, handle);
    }

    private static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete);

    private void MakeFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Folder);
            return;
        }
        // One level only: Directory.CreateDirectory would make a vanished root again.
        if (Libc.MakeFolder(Folder, 0x1FF) == 0)
            return;
        var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        if (errno != Errno.Exists)
            throw Errno.Exception(errno);
    }

    private void RemoveStale()
    {
        var limit = time.GetUtcNow() - StaleAge;
        foreach (var file in new DirectoryInfo(Folder).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc >= limit || file.Name.StartsWith(_own, StringComparison.Ordinal))
                continue;
            try
            {
                file.Delete();
            }
            catch (Exception exception) when (FolderErrors.IsSystem(exception))
            {
                // Somebody else's: it costs space, and must not fail a write of ours.
            }
        }
    }
}

/// <summary>A file on its way to become an object. Not thread safe.</summary>
internal sealed class PendingFile(string path, SafeFileHandle handle)
{
    public string Path => path;

    public SafeFileHandle Handle => handle;

    /// <summary>How many bytes it has.</summary>
    public long Length { get; private set; }

    public long Append(ReadOnlySpan<byte> data)
    {
        RandomAccess.Write(handle, data, Length);
        return Length += data.Length;
    }

    /// <summary>Counts what was appended through <see cref="Handle"/>.</summary>
    public void Advance(long count) => Length += count;

    /// <summary>
    /// Makes the content durable. Not by RandomAccess.FlushToDisk, which says nothing when fsync fails: a full disk that
    /// notices late would hold an object that is not there after a crash.
    /// </summary>
    public void FlushAndClose()
    {
        if (OperatingSystem.IsWindows())
            RandomAccess.FlushToDisk(handle);
        else if (Libc.Sync(handle) < 0)
            throw Errno.Exception(System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        handle.Dispose();
    }

    /// <summary>Removes the file if it is still there under its temporary name. May be called again.</summary>
    public bool Discard()
    {
        handle.Dispose();
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception exception) when (FolderErrors.IsSystem(exception))
        {
            // Reported by the write that failed before; the sweep of stale files comes for it later.
            return false;
        }
    }
}
