using CuckooDrive.Clouds.Providers.Box;
using CuckooDrive.Clouds.Providers.OneDrive;
using CuckooDrive.Testing.Emulators;
using CuckooDrive.Testing.Emulators.Dropbox;
using CuckooDrive.Testing.Emulators.GoogleDrive;

namespace CuckooDrive.Clouds.Tests.Rest;

/// <summary>The providers' own clients accept the emulators, and understand each other with our storages.</summary>
public sealed class OwnClientTests
{
    private static readonly byte[] Written = [.. Enumerable.Range(0, 30_000).Select(index => (byte)(index * index))];

    [Fact]
    public async Task Microsofts_client_accepts_the_emulator_of_OneDrive()
    {
        using var emulator = new OneDriveEmulator { PageSize = 2 };
        await using var storage = OneDriveStorage.Provider.Open(
            CloudAddress.Parse("onedrive:/judge"), emulator.Options() with { CreateRoot = true });
        await storage.WriteAsync("from-provider", CloudContent.FromMemory(Written));
        await ClientJudge.RunAsync("onedrive.mjs", emulator, Written, "@microsoft/microsoft-graph-client@3.0.7", "undici@6.21.3");
        await RequireAsync(storage);
    }

    [Fact]
    public async Task Boxs_client_accepts_the_emulator_of_Box()
    {
        using var emulator = new BoxEmulator();
        await using var storage = BoxStorage.Provider.Open(CloudAddress.Parse("box:/judge"), emulator.Options() with { CreateRoot = true });
        await storage.WriteAsync("from-provider", CloudContent.FromMemory(Written));
        await ClientJudge.RunAsync("box.mjs", emulator, Written, "box-node-sdk@10.12.0");
        await RequireAsync(storage);
    }

    [Fact]
    public async Task Dropboxs_client_accepts_the_emulator_of_Dropbox()
    {
        using var emulator = new DropboxEmulator();
        await using var storage = CloudRegistry.Default.Open("dropbox:/judge", emulator.Options() with { CreateRoot = true });
        await storage.WriteAsync("from-provider", CloudContent.FromMemory(Written));
        await ClientJudge.RunAsync("dropbox-client.py", emulator, Written);
        await RequireAsync(storage);
    }

    [Fact]
    public async Task Googles_client_accepts_the_emulator_of_Google_Drive()
    {
        using var emulator = new GoogleDriveEmulator();
        await using var storage = CloudRegistry.Default.Open("gdrive:/judge", emulator.Options() with { CreateRoot = true });
        await storage.WriteAsync("from-provider", CloudContent.FromMemory(Written));
        await ClientJudge.RunAsync("google-drive.mjs", emulator, Written, "@googleapis/drive@12.1.0");
        await RequireAsync(storage);
    }

    // The client has left one of its own objects, and deleted another.
    private static async Task RequireAsync(ICloudStorage storage)
    {
        var left = await storage.ListAsync("").Select(each => each.Name).Order().ToListAsync();
        Assert.Equal(["big", "from-provider"], left);
        var found = (await storage.StatAsync("big"))!;
        await using var stream = await storage.OpenReadAsync("big");
        using var data = new MemoryStream();
        await stream.CopyToAsync(data);
        var hash = await ContentHash.ComputeAsync(storage.Capabilities.Hash, CloudContent.FromMemory(data.ToArray()));
        Assert.True(ContentHash.AreEqual(found.Hash!, hash));
    }
}
