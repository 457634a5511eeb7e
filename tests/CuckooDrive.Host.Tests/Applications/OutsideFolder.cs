using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Applications;

/// <summary>A folder beside the drive. It may hold names that are no text, which .NET cannot delete: rm can.</summary>
internal sealed class OutsideFolder : IAsyncDisposable
{
    public OutsideFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Join(System.IO.Path.GetTempPath(), $"cuckoo-test-{Guid.NewGuid():n}");

    public async ValueTask DisposeAsync() => (await CuckooProcess.ToolAsync("rm", "-rf", "--one-file-system", Path)).MustSucceed();
}
