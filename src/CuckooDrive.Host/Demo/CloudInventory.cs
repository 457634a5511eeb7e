using System.Text;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Demo;

/// <summary>What lies in a folder that plays a cloud.</summary>
/// <param name="Objects">How many objects.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Largest">The largest object's name, as an example.</param>
internal sealed record CloudInventory(long Objects, long Bytes, string Largest)
{
    public static CloudInventory Of(string folder)
    {
        var files = Files(folder).ToList();
        var largest = files.MaxBy(entry => entry.Length);
        return new CloudInventory(files.Count, files.Sum(entry => entry.Length), largest?.Path ?? "");
    }

    public override string ToString() => $"{Plural.Of(Objects, "object"),-11} {Terminal.Size(Bytes),10}   such as {Largest}";

    /// <summary>How many objects contain one of the texts, in their name or as bytes.</summary>
    public static int CountContaining(string folder, IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        var patterns = texts.Select(Encoding.UTF8.GetBytes).ToList();
        var count = 0;
        foreach (var entry in Files(folder))
        {
            cancellation.ThrowIfCancellationRequested();
            var content = File.ReadAllBytes(entry.Info.FullName);
            if (patterns.Any(pattern => content.AsSpan().IndexOf(pattern) >= 0) || texts.Any(text => entry.Path.Contains(text, StringComparison.Ordinal)))
                count++;
        }
        return count;
    }

    private static IEnumerable<TreeEntry> Files(string folder) => TreeWalk.Below(folder).Where(entry => entry.IsRegularFile);
}
