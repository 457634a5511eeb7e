namespace CuckooDrive.Host.Tests;

/// <summary>A folder that is deleted at the end of the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "cuckoo-host-" + Guid.NewGuid().ToString("N")[..12]);

    public string Sub(params string[] names)
    {
        var path = System.IO.Path.Combine([Path, .. names]);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>A fresh home and the passphrase, for commands that need no drive yet.</summary>
    public Dictionary<string, string?> Environment => new()
    {
        ["CUCKOO_HOME"] = System.IO.Path.Combine(Path, "home"),
        ["CUCKOO_PASSPHRASE"] = "correct horse",
        ["CUCKOO_TEST_CHEAP_PASSPHRASE"] = "1",
    };

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
