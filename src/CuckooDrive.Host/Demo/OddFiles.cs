using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Demo;

/// <summary>The kinds of entries that a plain folder of programs lacks.</summary>
internal static class OddFiles
{
    /// <summary>Searched for on the clouds.</summary>
    public const string KnownText = "the cuckoo lays its eggs in foreign nests";

    public static void Make(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "empty folder"));
        Directory.CreateDirectory(Path.Combine(folder, ".hidden folder"));
        File.WriteAllText(Path.Combine(folder, ".hidden"), KnownText);
        File.WriteAllText(Path.Combine(folder, ".hidden folder", "inside"), string.Concat(Enumerable.Repeat(KnownText, 1000)));
        File.WriteAllText(Path.Combine(folder, "a name with ünïcödé, 鳥 and spaces"), KnownText);
        File.WriteAllBytes(Path.Combine(folder, "empty"), []);
        WriteWithMode(Path.Combine(folder, "program"), (UnixFileMode)0b111_101_001);
        WriteWithMode(Path.Combine(folder, "only for me"), (UnixFileMode)0b110_000_000);
        File.CreateSymbolicLink(Path.Combine(folder, "link to a file"), "program");
        File.CreateSymbolicLink(Path.Combine(folder, "link to a folder"), ".hidden folder");
        File.CreateSymbolicLink(Path.Combine(folder, "link to nothing"), "/not/here");
    }

    private static void WriteWithMode(string path, UnixFileMode mode)
    {
        File.WriteAllText(path, KnownText);
        PrivateFiles.SetMode(path, mode);
    }
}
