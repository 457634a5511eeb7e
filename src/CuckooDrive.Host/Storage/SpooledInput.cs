using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Storage;

/// <summary>
/// Standard input in a temporary file of its user: an upload must know its length, and may have to begin again. Disposing
/// removes the file.
/// </summary>
internal sealed class SpooledInput : IDisposable
{
    private SpooledInput(string path) => Path = path;

    public string Path { get; }

    public static async Task<SpooledInput> ReadAsync(Stream input, CancellationToken cancellation)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"cuckoo-put-{Guid.NewGuid():n}");
        var spooled = new SpooledInput(path);
        try
        {
            await using var file = PrivateFiles.Open(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            await input.CopyToAsync(file, 1 << 20, cancellation);
            return spooled;
        }
        catch
        {
            spooled.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Delete(Path);
}
