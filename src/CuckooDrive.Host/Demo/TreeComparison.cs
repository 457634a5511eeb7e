using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.Demo;

/// <param name="Files">Regular files whose every byte was compared.</param>
/// <param name="Bytes">How many bytes that were.</param>
/// <param name="Others">Folders and symbolic links compared.</param>
/// <param name="Differences">One sentence each; empty when the folders are equal.</param>
internal sealed record ComparisonResult(long Files, long Bytes, long Others, IReadOnlyList<string> Differences);

/// <summary>
/// Compares two folders: the same names on both sides, and for each the kind, mode, time, link target and every byte.
/// </summary>
internal static partial class TreeComparison
{
    private const int Parallelism = 4;
    private const int BufferLength = 1 << 20;
    private const int DoNotNeed = 4;

    /// <param name="original">What it should be.</param>
    /// <param name="copy">What is tested; its cached pages are dropped first, so that the drive is read and not memory.</param>
    /// <param name="cancellation">Stops early.</param>
    public static ComparisonResult Run(string original, string copy, CancellationToken cancellation)
    {
        var expected = TreeWalk.Below(original).ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        var found = TreeWalk.Below(copy).ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        var differences = new ConcurrentBag<string>();
        foreach (var extra in found.Keys.Where(path => !expected.ContainsKey(path)))
            differences.Add($"{extra}: is not in the original");
        long files = 0, bytes = 0, others = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation };
        Parallel.ForEach(expected.Values, options, entry =>
        {
            if (!found.TryGetValue(entry.Path, out var other))
            {
                differences.Add($"{entry.Path}: is missing");
                return;
            }
            if (DifferenceOfAttributes(entry, other) is { } difference)
            {
                differences.Add($"{entry.Path}: {difference}");
                return;
            }
            if (!entry.IsRegularFile)
            {
                Interlocked.Increment(ref others);
                return;
            }
            if (DifferenceOfContent(entry, other) is { } wrong)
                differences.Add($"{entry.Path}: {wrong}");
            Interlocked.Increment(ref files);
            Interlocked.Add(ref bytes, entry.Length);
        });
        return new ComparisonResult(files, bytes, others, [.. differences.Order(StringComparer.Ordinal)]);
    }

    private static string? DifferenceOfAttributes(TreeEntry expected, TreeEntry found)
    {
        if (expected.LinkTarget != found.LinkTarget)
            return $"points to '{found.LinkTarget}' instead of '{expected.LinkTarget}'";
        if (expected.LinkTarget is not null)
            return null; // A link has no mode or time of its own that a copy keeps.
        if (expected.IsFolder != found.IsFolder)
            return "is a file on one side and a folder on the other";
        if (expected.Info.UnixFileMode != found.Info.UnixFileMode)
            return $"has mode {found.Info.UnixFileMode} instead of {expected.Info.UnixFileMode}";
        if (expected.Info.LastWriteTimeUtc != found.Info.LastWriteTimeUtc)
            return $"was changed at {found.Info.LastWriteTimeUtc:o} instead of {expected.Info.LastWriteTimeUtc:o}";
        return expected.IsRegularFile && expected.Length != found.Length
            ? $"has {found.Length} bytes instead of {expected.Length}"
            : null;
    }

    private static string? DifferenceOfContent(TreeEntry expected, TreeEntry found)
    {
        var left = new byte[BufferLength];
        var right = new byte[BufferLength];
        try
        {
            using var original = File.OpenHandle(expected.Info.FullName);
            using var copy = File.OpenHandle(found.Info.FullName);
            _ = Advise(copy, 0, 0, DoNotNeed);
            for (long offset = 0; ;)
            {
                var wanted = Fill(original, left, offset);
                var read = Fill(copy, right, offset);
                var same = left.AsSpan(0, wanted).CommonPrefixLength(right.AsSpan(0, read));
                if (same < Math.Max(wanted, read))
                    return $"differs at byte {offset + same}";
                if (wanted < BufferLength)
                    return null;
                offset += wanted;
            }
        }
        catch (IOException failure)
        {
            return $"cannot be read: {failure.Message}";
        }
    }

    private static int Fill(SafeFileHandle file, byte[] buffer, long offset)
    {
        var filled = 0;
        while (filled < buffer.Length && RandomAccess.Read(file, buffer.AsSpan(filled), offset + filled) is > 0 and var read)
            filled += read;
        return filled;
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
