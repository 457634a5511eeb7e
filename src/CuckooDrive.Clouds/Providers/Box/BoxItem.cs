using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>What Box says of a file or folder. The size is 0 where only a mini representation was given.</summary>
internal sealed record BoxItem(string Id, string Name, bool IsFile, bool IsFolder, long Size, DateTimeOffset? Modified, string? Sha1)
{
    /// <summary>The members to ask for.</summary>
    public const string Fields = "fields=type,id,name,size,sha1,modified_at";

    /// <exception cref="CloudException">with <see cref="CloudErrorKind.Corrupt"/> when it is no description of an item.</exception>
    public static BoxItem Parse(JsonElement json) =>
        json.TextOrNull("id") is { Length: > 0 } id && json.TextOrNull("type") is { } type
            ? new BoxItem(
                id,
                json.TextOrNull("name") ?? "",
                type == "file",
                type == "folder",
                Number(json, "size") ?? 0,
                json.TimeOrNull("modified_at"),
                json.TextOrNull("sha1"))
            : throw new CloudException(CloudErrorKind.Corrupt, "Box described an item in a way that makes no sense.");

    public CloudObject Describe(string name) => new(name, Size, Modified, Sha1);

    /// <summary>Large numbers come with an exponent.</summary>
    public static long? Number(JsonElement json, string name) => json.NumberOrNull(name) ??
        (json.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number)
            ? (long)Math.Clamp(number, 0, 1e18)
            : null);
}
