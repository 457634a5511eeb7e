using System.Text.Json.Nodes;

namespace CuckooDrive.Testing.Emulators.Dropbox;

/// <summary>An error of Dropbox: nested unions, and their tags in one line.</summary>
internal sealed class DropboxFailure(string summary, JsonObject error) : Exception(summary)
{
    public string Summary => Message;

    public JsonObject Error => error;

    public static DropboxFailure Of(params string[] tags) => new(string.Join('/', tags), Union(tags));

    public static JsonObject Union(params ReadOnlySpan<string> tags)
    {
        var union = new JsonObject { [".tag"] = tags[0] };
        if (tags.Length > 1)
            union[tags[0]] = Union(tags[1..]);
        return union;
    }

    public static JsonObject Answer(string summary, JsonObject error) => new() { ["error_summary"] = $"{summary}/.", ["error"] = error };

    public static JsonObject TooManyWrites() => Answer("too_many_write_operations", new JsonObject
    {
        ["reason"] = new JsonObject { [".tag"] = "too_many_write_operations" },
        ["retry_after"] = 1,
    });
}
