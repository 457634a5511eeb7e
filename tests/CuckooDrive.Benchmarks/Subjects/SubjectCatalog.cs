using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>The subjects by name.</summary>
internal static class SubjectCatalog
{
    public static readonly IReadOnlyList<string> Names =
        [CuckooSubject.Name, FloorSubject.Name, GocryptfsSubject.Name, SecurefsSubject.Name, EncfsSubject.Name];

    public static readonly IReadOnlyList<string> Peers = [GocryptfsSubject.Name, SecurefsSubject.Name, EncfsSubject.Name];

    /// <summary>Why a subject can't be measured on this machine, or null.</summary>
    public static string? WhyMissing(string name) =>
        Peers.Contains(name) && Tool.Find(name) is null ? $"{name} is not installed" : null;

    /// <summary>A subject that will keep everything in the folder; starts nothing yet.</summary>
    public static Subject Create(string name, string folder) => name switch
    {
        CuckooSubject.Name => new CuckooSubject(folder),
        FloorSubject.Name => new FloorSubject(folder),
        GocryptfsSubject.Name => new GocryptfsSubject(folder),
        SecurefsSubject.Name => new SecurefsSubject(folder),
        EncfsSubject.Name => new EncfsSubject(folder),
        _ => throw new BenchmarkException($"There is no subject '{name}'; there are {string.Join(", ", Names)}."),
    };

    /// <summary>The version that a subject's program prints, for the report.</summary>
    public static async Task<string> DescribeAsync(string name, CancellationToken cancellation)
    {
        var arguments = name switch
        {
            GocryptfsSubject.Name => "-version",
            SecurefsSubject.Name => "version",
            EncfsSubject.Name => "--version",
            _ => null,
        };
        if (arguments is null)
            return name;
        var (_, output, error) = await Tool.TryRunAsync(name, [arguments], cancellation: cancellation);
        var version = await PackageVersionAsync(name, cancellation);
        return version ?? (output + error).Split('\n')[0].Trim();
    }

    /// <summary>Some of them don't know their own version; Debian does.</summary>
    private static async Task<string?> PackageVersionAsync(string name, CancellationToken cancellation)
    {
        if (Tool.Find("dpkg-query") is not { } query)
            return null;
        var (status, output, _) = await Tool.TryRunAsync(query, ["-W", "-f", "${Package} ${Version}", name], cancellation: cancellation);
        return status == 0 ? output.Trim() : null;
    }
}
