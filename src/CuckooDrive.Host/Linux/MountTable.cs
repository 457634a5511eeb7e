using System.Text;

namespace CuckooDrive.Host.Linux;

/// <param name="Path">Where it is mounted, without symbolic links.</param>
/// <param name="Type">The file system's type, such as "fuse.cuckoo".</param>
/// <param name="Source">What is mounted.</param>
internal sealed record MountEntry(string Path, string Type, string Source);

/// <summary>The kernel's list of mounts as this process sees it. Reading it touches no file system.</summary>
internal static class MountTable
{
    public const string CuckooType = "fuse.cuckoo";
    private const string KernelFile = "/proc/self/mountinfo";

    /// <summary>The topmost mount on exactly this path, or null.</summary>
    public static MountEntry? Find(string path) => Read().LastOrDefault(entry => entry.Path == path);

    /// <summary>The mount that the path lies on, or null.</summary>
    public static MountEntry? FindContaining(string path) => Read()
        .Where(entry => entry.Path == "/" || path == entry.Path || path.StartsWith(entry.Path + "/", StringComparison.Ordinal))
        .MaxBy(entry => entry.Path.Length);

    public static IReadOnlyList<MountEntry> Read() =>
        File.Exists(KernelFile) ? Parse(File.ReadLines(KernelFile)) : [];

    /// <summary>Lines of the form "36 35 98:0 /root /mount options shared:1 - type source options" (proc(5)).</summary>
    public static IReadOnlyList<MountEntry> Parse(IEnumerable<string> lines)
    {
        var entries = new List<MountEntry>();
        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-", 6);
            if (separator > 0 && separator + 2 < fields.Length)
                entries.Add(new MountEntry(Unescape(fields[4]), Unescape(fields[separator + 1]), Unescape(fields[separator + 2])));
        }
        return entries;
    }

    /// <summary>The kernel writes space, tab, newline and backslash as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\'))
            return field;
        var result = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && IsOctal(field[i + 1]) && IsOctal(field[i + 2]) && IsOctal(field[i + 3]))
            {
                result.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                result.Append(field[i]);
            }
        }
        return result.ToString();
    }

    private static bool IsOctal(char character) => character is >= '0' and <= '7';
}
