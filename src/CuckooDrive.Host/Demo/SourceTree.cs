using System.Runtime.InteropServices;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Demo;

/// <summary>The real files that the demonstration copies: a folder of the .NET SDK, which is on every machine that builds this.</summary>
internal sealed record SourceTree(string Folder, long Files, long Bytes)
{
    private const long LeastBytes = 200L << 20;
    private const long LeastFiles = 1000;

    /// <summary>The newest SDK's folder, or all of .NET when that is too small.</summary>
    public static SourceTree FindSdk()
    {
        foreach (var root in DotnetRoots().Where(Directory.Exists))
        {
            var sdks = Path.Combine(root, "sdk");
            IEnumerable<string> candidates = Directory.Exists(sdks)
                ? [.. Directory.EnumerateDirectories(sdks).OrderByDescending(Directory.GetLastWriteTimeUtc), sdks, root]
                : [root];
            foreach (var candidate in candidates)
            {
                var tree = Measure(candidate);
                if (tree is { Bytes: >= LeastBytes, Files: >= LeastFiles })
                    return tree;
            }
        }
        throw new UserException("The demonstration copies the .NET SDK's own folder, which was not found; set DOTNET_ROOT to where .NET is installed.");
    }

    public static SourceTree Measure(string folder)
    {
        long files = 0, bytes = 0;
        foreach (var entry in TreeWalk.Below(folder))
        {
            if (entry.IsRegularFile)
            {
                files++;
                bytes += entry.Length;
            }
        }
        return new SourceTree(folder, files, bytes);
    }

    private static IEnumerable<string> DotnetRoots()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } given)
            yield return given;
        // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION, unless this program brings its own.
        yield return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        yield return "/usr/share/dotnet";
        yield return "/usr/lib/dotnet";
        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
    }
}
