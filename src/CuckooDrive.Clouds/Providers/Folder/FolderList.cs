using System.IO.Enumeration;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// Walks a folder page by page; memory stays flat however many objects there are. Not thread safe, but it may be disposed while a
/// page is under way.
/// </summary>
/// <param name="root">The storage's folder.</param>
/// <param name="prefix">Of the objects' names.</param>
/// <param name="start">Begins the walk, in place of the folder's own.</param>
internal sealed class FolderList(string root, string prefix, Func<IEnumerator<CloudObject?>>? start = null) : IDisposable
{
    private const int PageSize = 512;

    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = 0,
    };

    private readonly Lock _gate = new();
    private IEnumerator<CloudObject?>? _walk;
    private bool _isReading;
    private bool _isDisposed;

    /// <summary>The next objects; empty at the end.</summary>
    public List<CloudObject> NextPage()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return [];
            _isReading = true;
        }
        try
        {
            return ReadPage();
        }
        finally
        {
            lock (_gate)
            {
                _isReading = false;
                if (_isDisposed)
                    _walk?.Dispose();
            }
        }
    }

    /// <summary>
    /// Waits for no disk: .NET's walk cannot be disposed before its step has ended, so the thread of a page that hangs does it when
    /// it comes back.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            if (!_isReading)
                _walk?.Dispose();
        }
    }

    private List<CloudObject> ReadPage()
    {
        var page = new List<CloudObject>();
        _walk ??= start is null ? Start() : start();
        while (_walk is not null && page.Count < PageSize && _walk.MoveNext())
        {
            if (_walk.Current is { } found)
                page.Add(found);
        }
        // A root that vanished on the way made its subfolders look empty: a short list must not pass for a whole one.
        if (page.Count < PageSize)
            FolderTree.CheckRoot(root);
        return page;
    }

    private Walk? Start()
    {
        FolderTree.CheckRoot(root);
        // Only the folder that the prefix names needs to be walked.
        var slash = prefix.LastIndexOf('/');
        if (slash <= 0)
            return new Walk(root, root, prefix);
        if (!ObjectName.IsValid(prefix[..slash]))
            return null;
        try
        {
            return new Walk(FolderTree.PathOf(root, prefix[..slash]), root, prefix);
        }
        catch (IOException exception) when (FolderErrors.IsMissing(exception))
        {
            return null;
        }
    }

    private sealed class Walk(string folder, string root, string prefix)
        : FileSystemEnumerator<CloudObject?>(folder, Everything)
    {
        protected override bool ShouldRecurseIntoEntry(ref FileSystemEntry entry) =>
            entry.FileName[0] != '.' && (entry.Attributes & FileAttributes.ReparsePoint) == 0;

        // Other programs' files (.DS_Store, Thumbs.db) are no objects.
        protected override bool ShouldIncludeEntry(ref FileSystemEntry entry) =>
            !entry.IsDirectory && entry.FileName[0] != '.' && (entry.Attributes & FileAttributes.ReparsePoint) == 0;

        protected override CloudObject? TransformEntry(ref FileSystemEntry entry)
        {
            var below = Path.Join(entry.Directory[root.Length..], entry.FileName).Replace('\\', '/').TrimStart('/');
            if (!below.StartsWith(prefix, StringComparison.Ordinal) || !ObjectName.IsValid(below))
                return null;
            // .NET describes a file that was deleted a moment ago as empty and of the year 1601.
            var modified = entry.LastWriteTimeUtc;
            return modified.Year > 1601 ? new CloudObject(below, entry.Length, modified) : null;
        }

        // A folder that was removed on the way has no objects.
        protected override bool ContinueOnError(int error) => OperatingSystem.IsWindows()
            ? error is 2 or 3
            : error == Errno.NoEntry;
    }
}
