namespace CuckooDrive.Architecture.Tests;

/// <summary>Finds the sources that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Projects(string folder) =>
        Directory.EnumerateFiles(Path.Join(Root, folder), "*.csproj", SearchOption.AllDirectories).Where(IsSource);

    public static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Join(Root, folder), "*.cs", SearchOption.AllDirectories).Where(IsSource);

    public static string Shorten(string path) => Path.GetRelativePath(Root, path);

    private static bool IsSource(string path) =>
        !Shorten(path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "artifacts");

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Join(folder, "CuckooDrive.sln")))
                return folder;
        }
        throw new InvalidOperationException("The tests do not lie below the folder of CuckooDrive.sln.");
    }
}
