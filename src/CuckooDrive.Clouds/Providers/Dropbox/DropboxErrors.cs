using System.Net;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Dropbox;

/// <summary>
/// Dropbox's errors are nested unions, each with a ".tag"; what matters are the tags on the way down. The one table of what they
/// mean here.
/// </summary>
internal static class DropboxErrors
{
    /// <summary>The error of an answer that is not a success.</summary>
    public static CloudException Of(CloudHttp http, HttpResponseMessage response, JsonElement answer, string what)
    {
        var error = answer.Member("error") ?? default;
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            var wait = http.RetryAfter(response) ?? (error.NumberOrNull("retry_after") is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
            return new CloudException(CloudErrorKind.RateLimited, "Dropbox asks for fewer requests.") { RetryAfter = wait };
        }
        return response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.Forbidden && Tags(error) is { Count: > 0 } tags
            ? Of(tags, what)
            : http.StatusError(response);
    }

    /// <summary>The error of one entry of a batch.</summary>
    public static CloudException Of(JsonElement error, string what) => Of(Tags(error), what);

    /// <summary>A login that lacks a permission is not mended by renewing it.</summary>
    public static CloudException? OfRefusedLogin(JsonElement answer)
    {
        var error = answer.Member("error") ?? default;
        return error.TextOrNull(".tag") == "missing_scope"
            ? new CloudException(
                CloudErrorKind.Forbidden,
                "The Dropbox app lacks a permission: tick files.metadata.read, files.content.read, files.content.write and " +
                "account_info.read on its Permissions page (www.dropbox.com/developers/apps), then sign in again.")
            : null;
    }

    private static CloudException Of(List<string> tags, string what)
    {
        bool Has(params ReadOnlySpan<string> some) => some.ContainsAny(tags);

        // A session that was lost or does not match: the next try begins a new one.
        if (Has("lookup_failed", "incorrect_offset", "reset", "locked", "internal_error"))
            return new(CloudErrorKind.Transient, $"Dropbox lost its place with '{what}'.");
        if (Has("too_many_write_operations", "too_many_requests"))
            return new(CloudErrorKind.RateLimited, "Dropbox asks for fewer writes at once.");
        if (Has("insufficient_space", "insufficient_quota"))
            return new(CloudErrorKind.QuotaExceeded, "The Dropbox account is full.");
        if (Has("conflict"))
            return new(CloudErrorKind.AlreadyExists, $"'{what}' exists already.");
        if (Has("not_found", "not_file", "not_folder"))
            return new(CloudErrorKind.NotFound, $"There is no '{what}' in Dropbox.");
        if (Has("malformed_path", "disallowed_name"))
            return new(CloudErrorKind.InvalidName, $"Dropbox cannot hold the name '{what}'.");
        if (Has("payload_too_large", "too_large"))
            return new(CloudErrorKind.TooLarge, $"'{what}' is larger than Dropbox takes.");
        if (Has("content_hash_mismatch"))
            return new(CloudErrorKind.Corrupt, $"'{what}' was damaged on its way to Dropbox.");
        if (Has("no_write_permission", "access_restricted", "operation_suppressed", "restricted_content", "team_folder", "no_permission"))
            return new(CloudErrorKind.Forbidden, $"The Dropbox account may not do this with '{what}'.");
        return new(CloudErrorKind.Other, $"Dropbox refuses '{what}' ({(tags.Count == 0 ? "no reason" : string.Join('/', tags))}).");
    }

    private static List<string> Tags(JsonElement error)
    {
        var tags = new List<string>();
        // Unions nest a few levels; more is not an error of Dropbox.
        for (var (union, depth) = (error, 0); depth < 8 && union.TextOrNull(".tag") is { } tag; depth++)
        {
            tags.Add(tag);
            // A struct in a union has its fields beside the tag: an upload's error holds its reason.
            union = union.Member(tag) ?? union.Member("reason") ?? default;
            union = union.Member("reason") ?? union;
        }
        return tags;
    }

    private static bool ContainsAny(this ReadOnlySpan<string> some, List<string> tags)
    {
        foreach (var tag in tags)
        {
            if (some.Contains(tag))
                return true;
        }
        return false;
    }
}
