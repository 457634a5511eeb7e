namespace CuckooDrive.Testing.Clouds;

/// <summary>A new folder that is deleted with everything in it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Join(System.IO.Path.GetTempPath(), $"cuckoo-test-{Guid.NewGuid():n}");

    /// <summary>A path below it.</summary>
    public string this[string name] => System.IO.Path.Join(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
