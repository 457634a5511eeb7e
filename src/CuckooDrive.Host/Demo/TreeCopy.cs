using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Demo;

/// <summary>Copies a folder with modes, times, symbolic links and hidden files.</summary>
internal static class TreeCopy
{
    private const int Parallelism = 4;

    public static void Run(string source, string target, CancellationToken cancellation)
    {
        Directory.CreateDirectory(target);
        var entries = TreeWalk.Below(source).ToList();
        foreach (var folder in entries.Where(entry => entry.IsFolder))
            Directory.CreateDirectory(Path.Combine(target, folder.Path));
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation };
        Parallel.ForEach(entries.Where(entry => entry.IsRegularFile), options, entry =>
            File.Copy(entry.Info.FullName, Path.Combine(target, entry.Path)));
        foreach (var link in entries.Where(entry => entry.LinkTarget is not null))
            File.CreateSymbolicLink(Path.Combine(target, link.Path), link.LinkTarget!);
        // Modes and times of folders last, deepest first: writing into a folder changes its time and needs its permission.
        foreach (var folder in entries.Where(entry => entry.IsFolder).Reverse())
        {
            var path = Path.Combine(target, folder.Path);
            PrivateFiles.SetMode(path, folder.Info.UnixFileMode);
            Directory.SetLastWriteTimeUtc(path, folder.Info.LastWriteTimeUtc);
        }
    }
}
