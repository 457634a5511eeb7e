namespace CuckooDrive.Benchmarks.Support;

/// <summary>The files under folders.</summary>
/// <param name="Bytes">The sum of their lengths.</param>
/// <param name="Objects">Their number, without folders.</param>
internal readonly record struct FolderSize(long Bytes, long Objects)
{
    public static FolderSize Of(params IEnumerable<string> folders)
    {
        long bytes = 0, objects = 0;
        foreach (var file in folders.SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)))
        {
            bytes += file.Length;
            objects++;
        }
        return new FolderSize(bytes, objects);
    }
}
