using System.Runtime.InteropServices;
using System.Text;
using CuckooDrive.Mount.Fuse.Mounting;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse;

/// <summary>One line of /proc/self/mountinfo.</summary>
public sealed record MountTableEntry(string MountPoint, string Device, string Type, string Source);

/// <summary>What is mounted where, read without touching any mount.</summary>
public static class MountTable
{
    private const string Path = "/proc/self/mountinfo";

    /// <summary>As many as the kernel follows.</summary>
    private const int MaximumLinks = 40;

    public static IReadOnlyList<MountTableEntry> Read() => File.ReadLines(Path).Select(Parse).OfType<MountTableEntry>().ToList();

    /// <summary>The topmost mount at exactly this path, or null.</summary>
    public static MountTableEntry? Find(string mountPoint)
    {
        var path = Normalise(mountPoint);
        return Read().LastOrDefault(entry => entry.MountPoint == path);
    }

    public static bool IsMountPoint(string path) => Find(path) is not null;

    /// <summary>
    /// Whether a FUSE mount is here whose process is gone. Must not be asked for a mount of the own process.
    /// </summary>
    /// <remarks>
    /// statfs is the question that the kernel never answers by itself: attributes that it still holds let access and stat
    /// succeed on a dead mount for as long as they are valid.
    /// </remarks>
    public static bool IsStale(string mountPoint)
    {
        if (Find(mountPoint) is not { } entry || !entry.Type.StartsWith("fuse", StringComparison.Ordinal))
            return false;
        Span<byte> answer = stackalloc byte[256];
        return Libc.StatFileSystem(entry.MountPoint, ref MemoryMarshal.GetReference(answer)) != 0
            && Marshal.GetLastPInvokeError() is Errno.ENOTCONN or Errno.ECONNABORTED;
    }

    /// <summary>Removes a mount that <see cref="IsStale"/>; does nothing where there is none.</summary>
    /// <exception cref="FuseMountException">It is another user's.</exception>
    public static void CleanStale(string mountPoint)
    {
        if (IsStale(mountPoint))
            Unmounter.Unmount(Normalise(mountPoint), UnmountMode.Lazy);
    }

    /// <summary>
    /// The absolute path as mount tables show it: without symbolic links. Asks each component only whether it is a link,
    /// which the kernel answers for a mounted folder by itself.
    /// </summary>
    internal static string Normalise(string path)
    {
        var pending = new Stack<string>(Components(System.IO.Path.GetFullPath(path)).Reverse());
        var resolved = "/";
        for (var links = 0; pending.TryPop(out var component);)
        {
            var next = component == ".." ? System.IO.Path.GetDirectoryName(resolved) ?? "/" : System.IO.Path.Combine(resolved, component);
            if (component == ".." || links == MaximumLinks || TryReadLink(next) is not { } target)
            {
                resolved = next;
                continue;
            }
            links++;
            if (target.StartsWith('/'))
                resolved = "/";
            foreach (var part in Components(target).Reverse())
                pending.Push(part);
        }
        return resolved;
    }

    private static IEnumerable<string> Components(string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(component => component != ".");

    private static string? TryReadLink(string path)
    {
        Span<byte> target = stackalloc byte[4096];
        var length = Libc.ReadLink(path, ref target[0], target.Length);
        return length > 0 ? Encoding.UTF8.GetString(target[..(int)length]) : null;
    }

    /// <summary>"36 35 98:0 /root /mount/point options shared:1 - type source super-options".</summary>
    internal static MountTableEntry? Parse(string line)
    {
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
        if (separator < 6 || separator + 2 >= fields.Length)
            return null;
        return new MountTableEntry(Unescape(fields[4]), fields[2], fields[separator + 1], Unescape(fields[separator + 2]));
    }

    /// <summary>Blanks, tabs, line feeds and backslashes are written as three octal digits.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && text.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                result.Append((char)Convert.ToInt32(text.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                result.Append(text[i]);
            }
        }
        return result.ToString();
    }
}
