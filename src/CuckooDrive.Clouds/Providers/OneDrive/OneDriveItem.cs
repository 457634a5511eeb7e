using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>What OneDrive says of a file or folder.</summary>
internal sealed record OneDriveItem(
    string Id, string Name, bool IsFile, bool IsFolder, long Size, DateTimeOffset? Modified, string? QuickXor, string? Sha1, string? Sha256)
{
    /// <summary>The members to ask for.</summary>
    public const string Select = "$select=id,name,size,file,folder,lastModifiedDateTime";

    /// <exception cref="CloudException">with <see cref="CloudErrorKind.Corrupt"/> when it is no description of an item.</exception>
    public static OneDriveItem Parse(JsonElement json)
    {
        var file = json.Member("file");
        var hashes = file?.Member("hashes") ?? default;
        if (json.TextOrNull("id") is not { } id || json.TextOrNull("name") is not { } name || (file is not null && json.NumberOrNull("size") is null))
            throw new CloudException(CloudErrorKind.Corrupt, "OneDrive described an item in a way that makes no sense.");
        return new OneDriveItem(
            id,
            name,
            file is not null,
            json.Member("folder") is not null,
            json.NumberOrNull("size") ?? 0,
            json.TimeOrNull("lastModifiedDateTime"),
            hashes.TextOrNull("quickXorHash"),
            hashes.TextOrNull("sha1Hash"),
            hashes.TextOrNull("sha256Hash"));
    }

    public CloudObject Describe(string name) => new(name, Size, Modified, QuickXor);
}
