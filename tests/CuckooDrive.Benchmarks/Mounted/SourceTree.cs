using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>
/// Makes a tree of sources with a git repository as an archive, always the same: most commits packed, the last loose, all
/// times in the past, so that git trusts its index.
/// </summary>
internal static class SourceTree
{
    public const string FolderName = "tree";
    private const int FilesPerFolder = 12;
    private const double MeanLength = 7000;
    private const int LargestLength = 400_000;

    public static readonly IReadOnlyDictionary<string, string> GitEnvironment = new Dictionary<string, string>
    {
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_AUTHOR_NAME"] = "A",
        ["GIT_AUTHOR_EMAIL"] = "a@example.org",
        ["GIT_AUTHOR_DATE"] = "2020-01-01T00:00:00Z",
        ["GIT_COMMITTER_NAME"] = "A",
        ["GIT_COMMITTER_EMAIL"] = "a@example.org",
        ["GIT_COMMITTER_DATE"] = "2020-01-01T00:00:00Z",
    };

    /// <summary>Returns the archive's path; it holds one folder, <see cref="FolderName"/>.</summary>
    public static async Task<string> MakeAsync(string folder, int files, CancellationToken cancellation)
    {
        var root = Path.Combine(folder, FolderName);
        Directory.CreateDirectory(root);
        var random = new Random(42);
        await GitAsync("init", "-q");
        await WriteFilesAsync(root, random, 0, files * 2 / 3, cancellation);
        await CommitAsync();
        await GitAsync("gc", "-q");
        await WriteFilesAsync(root, random, files * 2 / 3, files, cancellation);
        await CommitAsync();
        var archive = Path.Combine(folder, "tree.tar");
        await Tool.RunAsync("tar", ["-C", folder, "--sort=name", "--mtime=2020-01-02 00:00Z", "-cf", archive, FolderName], cancellation: cancellation);
        Directory.Delete(root, recursive: true);
        return archive;

        async Task CommitAsync()
        {
            await GitAsync("add", "-A");
            await GitAsync("commit", "-q", "-m", "A commit");
        }

        Task GitAsync(params string[] arguments) =>
            Tool.RunAsync("git", ["-C", root, .. arguments], new ToolOptions { Environment = GitEnvironment }, cancellation);
    }

    private static async Task WriteFilesAsync(string root, Random random, int from, int to, CancellationToken cancellation)
    {
        for (var number = from; number < to; number++)
        {
            var folder = number / FilesPerFolder;
            var path = Path.Combine(root, $"src{folder % 8}", $"Part{folder / 8}", $"Source{number:d5}.cs");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // Lengths of sources are distributed much like this: many short, few long.
            var length = (int)Math.Min(LargestLength, 100 - MeanLength * Math.Log(1 - random.NextDouble()));
            await File.WriteAllTextAsync(path, Words.Make(random, length), cancellation);
        }
    }
}
