using System.Net;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>
/// Turns Box's errors (https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/) into those of the
/// contract.
/// </summary>
internal static class BoxErrors
{
    /// <summary>The error that a failed answer means; disposes the answer.</summary>
    /// <param name="http">Reads it.</param>
    /// <param name="response">With a status that is no success.</param>
    /// <param name="name">What the request was about, for the message.</param>
    /// <param name="cancellationToken">Ends the reading of the answer.</param>
    public static async Task<BoxFailure> ReadAsync(
        CloudHttp http, HttpResponseMessage response, string name, CancellationToken cancellationToken)
    {
        using (response)
        {
            var body = await http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
            var code = Printable(body.TextOrNull("code"));
            return new BoxFailure(Map(http, response, name, code), code == "item_name_in_use" ? ConflictOf(body) : null);
        }
    }

    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    private static CloudException Map(CloudHttp http, HttpResponseMessage response, string name, string code) =>
        (code, response.StatusCode) switch
        {
            ("item_name_in_use", _) => new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already."),
            ("not_found" or "trashed", _) => Missing(name),
            ("storage_limit_exceeded" or "insufficient_storage", _) => new(CloudErrorKind.QuotaExceeded, "The Box account is full."),
            ("file_size_limit_exceeded", _) => new(CloudErrorKind.TooLarge, $"'{name}' is larger than this Box account takes."),
            ("item_name_invalid" or "item_name_too_long", _) =>
                new(CloudErrorKind.InvalidName, $"Box does not take the name '{name}' ({code})."),
            ("bad_digest", _) => new(CloudErrorKind.Corrupt, $"Box received other bytes of '{name}' than were sent; nothing was stored."),
            // Somebody else is at it: an upload of the same name, a move of the folder. The next try finds another state.
            (_, HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed or HttpStatusCode.Locked) =>
                new(CloudErrorKind.Transient, $"Box is changing something at '{name}' ({code})."),
            _ => http.StatusError(response, code),
        };

    // One endpoint tells an item, another a list of them.
    private static BoxItem? ConflictOf(JsonElement body)
    {
        var conflicts = (body.Member("context_info") ?? default).Member("conflicts") ?? default;
        var first = conflicts.ValueKind == JsonValueKind.Array ? conflicts.EnumerateArray().FirstOrDefault() : conflicts;
        return first.ValueKind == JsonValueKind.Object ? BoxItem.Parse(first) : null;
    }

    // What comes from the network must not reach a terminal as it is.
    private static string Printable(string? text) => new([.. (text ?? "").Where(each => char.IsAsciiLetterOrDigit(each) || each == '_').Take(80)]);
}

/// <summary>A failed answer.</summary>
/// <param name="Error">What to report.</param>
/// <param name="Conflict">The item that has the name, where that was the trouble and Box told it.</param>
internal readonly record struct BoxFailure(CloudException Error, BoxItem? Conflict);
