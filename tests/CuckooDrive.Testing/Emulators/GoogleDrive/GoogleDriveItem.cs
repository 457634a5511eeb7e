using System.Globalization;
using System.Text.Json.Nodes;

namespace CuckooDrive.Testing.Emulators.GoogleDrive;

/// <summary>A file or folder of the emulated drive. Changed only under the emulator's lock.</summary>
internal sealed class GoogleDriveItem(string id, string name, string mimeType, string parent)
{
    public const string FolderType = "application/vnd.google-apps.folder";

    public string Id => id;

    public string Name { get; set; } = name;

    public string MimeType => mimeType;

    public string Parent { get; set; } = parent;

    /// <summary>Itself; what lies in a trashed folder is in the trash, too.</summary>
    public bool IsTrashed { get; set; }

    public DateTimeOffset Created { get; } = DateTimeOffset.UtcNow;

    public DateTimeOffset Modified { get; set; } = DateTimeOffset.UtcNow;

    /// <summary>Null for a folder.</summary>
    public Blob? Content { get; set; }

    public string Md5 { get; set; } = "";

    /// <summary>Only the fields that were asked for, as the real API; the four of old without a question.</summary>
    public JsonObject Describe(string? fields, bool isTrashed)
    {
        var all = new JsonObject
        {
            ["kind"] = "drive#file",
            ["id"] = Id,
            ["name"] = Name,
            ["mimeType"] = MimeType,
            ["parents"] = new JsonArray(Parent),
            ["trashed"] = isTrashed,
            ["explicitlyTrashed"] = IsTrashed,
            ["createdTime"] = Print(Created),
            ["modifiedTime"] = Print(Modified),
        };
        if (Content is not null)
        {
            all["size"] = Content.Length.ToString(CultureInfo.InvariantCulture);
            all["md5Checksum"] = Md5;
        }
        if (fields?.Contains('*') == true)
            return all;
        var wanted = fields?.Split(',', '(', ')', '/').Select(field => field.Trim()).ToHashSet() ?? ["kind", "id", "name", "mimeType"];
        foreach (var field in all.Select(field => field.Key).Where(field => !wanted.Contains(field)).ToList())
            all.Remove(field);
        return all;
    }

    private static string Print(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
