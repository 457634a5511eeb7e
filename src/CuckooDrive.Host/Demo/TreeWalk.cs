namespace CuckooDrive.Host.Demo;

/// <summary>A file, folder or symbolic link below some folder.</summary>
/// <param name="Path">Relative to the folder.</param>
/// <param name="Info">Of the entry itself, not of what a link points to.</param>
internal sealed record TreeEntry(string Path, FileSystemInfo Info)
{
    public string? LinkTarget => Info.LinkTarget;

    public bool IsFolder => Info is DirectoryInfo && LinkTarget is null;

    public bool IsRegularFile => Info is FileInfo && LinkTarget is null;

    public long Length => ((FileInfo)Info).Length;
}

/// <summary>Lists everything below a folder, hidden entries too; symbolic links are listed and not followed.</summary>
internal static class TreeWalk
{
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
        ReturnSpecialDirectories = false,
    };

    /// <summary>Parents come before what is in them; otherwise in the order of names.</summary>
    public static IEnumerable<TreeEntry> Below(string folder) => Below(new DirectoryInfo(folder), "");

    private static IEnumerable<TreeEntry> Below(DirectoryInfo folder, string prefix)
    {
        foreach (var info in folder.EnumerateFileSystemInfos("*", Everything).OrderBy(info => info.Name, StringComparer.Ordinal))
        {
            var entry = new TreeEntry(prefix + info.Name, info);
            yield return entry;
            if (!entry.IsFolder)
                continue;
            foreach (var below in Below((DirectoryInfo)info, entry.Path + "/"))
                yield return below;
        }
    }
}
