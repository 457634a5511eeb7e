using System.Text.Json;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Emulators;

namespace CuckooDrive.Clouds.Tests.Rest;

/// <summary>
/// An emulator counts for something only when a client that nobody here wrote accepts it, and our provider is right when both
/// understand each other through it.
/// </summary>
public abstract class RcloneJudgement : IDisposable
{
    private readonly TemporaryFolder _local = new();

    protected abstract CloudEmulator Emulator { get; }

    /// <summary>The folder that <see cref="Open"/> opens, as rclone names it.</summary>
    protected abstract string Remote { get; }

    /// <summary>Sizes that make each kind of upload.</summary>
    protected abstract int[] Sizes { get; }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rclone_copies_checks_lists_reads_and_deletes()
    {
        using var rclone = StartRclone();
        var files = MakeFiles();
        await rclone.RunAsync("copy", _local.Path, Remote);

        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), await rclone.LinesAsync("lsf", "-R", "--files-only", Remote));
        // By hash, then by content.
        await rclone.RunAsync("check", _local.Path, Remote);
        await rclone.RunAsync("check", "--download", _local.Path, Remote);
        foreach (var (name, data) in files.Where(file => file.Value.Length > 1000))
        {
            Assert.Equal(data[100..600], await rclone.RunAsync("cat", "--offset", "100", "--count", "500", $"{Remote}/{name}"));
            Assert.Equal(data[^10..], await rclone.RunAsync("cat", "--offset", "-10", $"{Remote}/{name}"));
        }
        using var about = JsonDocument.Parse(await rclone.RunAsync("about", "--json", "cloud:"));
        Assert.Equal(Emulator.Quota, about.RootElement.GetProperty("total").GetInt64());
        Assert.Equal(files.Values.Sum(data => (long)data.Length), about.RootElement.GetProperty("used").GetInt64());

        await rclone.RunAsync("deletefile", $"{Remote}/{files.Keys.First()}");
        Assert.Equal(files.Count - 1, (await rclone.LinesAsync("lsf", "-R", "--files-only", Remote)).Length);
        await rclone.RunAsync("delete", Remote);
        Assert.Empty(await rclone.LinesAsync("lsf", "-R", "--files-only", Remote));
    }

    [Fact]
    public async Task The_provider_reads_what_rclone_wrote()
    {
        using var rclone = StartRclone();
        var files = MakeFiles();
        await rclone.RunAsync("copy", _local.Path, Remote);
        await using var storage = Open();
        var listed = await storage.ListAsync("").ToDictionaryAsync(each => each.Name);
        Assert.Equal(files.Keys.Order(), listed.Keys.Order());
        foreach (var (name, data) in files)
        {
            Assert.Equal(data.Length, listed[name].Length);
            var hash = await ContentHash.ComputeAsync(storage.Capabilities.Hash, CloudContent.FromMemory(data));
            if (storage.Capabilities.Hash != CloudHashKind.None)
                Assert.True(ContentHash.AreEqual((await storage.StatAsync(name))!.Hash!, hash));
            var buffer = new byte[data.Length + 1];
            Assert.Equal(data.Length, await storage.ReadAsync(name, 0, buffer));
            Assert.Equal(data, buffer[..data.Length]);
            await storage.DeleteAsync(name);
        }
        Assert.Empty(await rclone.LinesAsync("lsf", "-R", "--files-only", Remote));
    }

    [Fact]
    public async Task Rclone_reads_what_the_provider_wrote()
    {
        using var rclone = StartRclone();
        var files = MakeFiles();
        await using var storage = Open();
        foreach (var (name, data) in files)
            await storage.WriteAsync(name, CloudContent.FromMemory(data));
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), await rclone.LinesAsync("lsf", "-R", "--files-only", Remote));
        await rclone.RunAsync("check", _local.Path, Remote);
        await rclone.RunAsync("check", "--download", _local.Path, Remote);
    }

    protected abstract Rclone StartRclone();

    protected abstract ICloudStorage Open();

    protected virtual void Dispose(bool disposing)
    {
        Emulator.Dispose();
        _local.Dispose();
    }

    /// <summary>Some files in the local folder, by the names of their objects.</summary>
    private Dictionary<string, byte[]> MakeFiles()
    {
        var files = new Dictionary<string, byte[]>();
        foreach (var size in Sizes)
        {
            var name = size % 2 == 0 ? $"size-{size}" : $"a/b/size-{size}.bin";
            var data = new byte[size];
            new Random(size).NextBytes(data);
            Directory.CreateDirectory(Path.GetDirectoryName(_local[name])!);
            File.WriteAllBytes(_local[name], data);
            files.Add(name, data);
        }
        return files;
    }
}
