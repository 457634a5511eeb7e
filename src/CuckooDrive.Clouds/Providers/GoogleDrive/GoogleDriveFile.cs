using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>A file or folder as Google Drive describes it. Names are no keys: two may have the same in one folder.</summary>
internal sealed record GoogleDriveFile(
    string Id, string Name, bool IsFolder, long? Size, string? Md5, DateTimeOffset Created, DateTimeOffset? Modified, string? Parent, bool IsTrashed)
{
    public const string FolderType = "application/vnd.google-apps.folder";

    /// <summary>What to ask for, so that <see cref="Of"/> finds it.</summary>
    public const string Fields = "id,name,mimeType,size,md5Checksum,createdTime,modifiedTime,parents,trashed";

    /// <summary>Of several with one name all clients choose the same: the oldest, and of equally old ones the smallest id.</summary>
    public static IComparer<GoogleDriveFile> Precedence { get; } = Comparer<GoogleDriveFile>.Create(static (left, right) =>
        left.Created.CompareTo(right.Created) is var order && order != 0 ? order : string.CompareOrdinal(left.Id, right.Id));

    public static GoogleDriveFile Of(JsonElement file) => new(
        file.TextOrNull("id") ?? throw new CloudException(CloudErrorKind.Corrupt, "Google Drive described a file without its id."),
        file.TextOrNull("name") ?? "",
        file.TextOrNull("mimeType") == FolderType,
        // Documents of Google's own kinds have none, and cannot be read as they are.
        file.NumberOrNull("size"),
        file.TextOrNull("md5Checksum"),
        file.TimeOrNull("createdTime") ?? DateTimeOffset.MaxValue,
        file.TimeOrNull("modifiedTime"),
        file.Items("parents").Select(each => each.TextOrNull()).FirstOrDefault(),
        file.IsTrue("trashed"));

    /// <summary>The object that it is under a name of ours; null for a folder or one of Google's own documents.</summary>
    public CloudObject? As(string name) => !IsFolder && Size is { } size ? new CloudObject(name, size, Modified, Md5) : null;
}
