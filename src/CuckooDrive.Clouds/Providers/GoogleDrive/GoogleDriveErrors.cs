using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.GoogleDrive;

/// <summary>
/// What Google Drive's errors mean (https://developers.google.com/workspace/drive/api/guides/handle-errors): the reason tells
/// more than the status, since limits come as 403, too.
/// </summary>
internal static class GoogleDriveErrors
{
    public static CloudException Of(CloudHttp http, HttpResponseMessage response, JsonElement answer, string what)
    {
        var reason = ReasonOf(answer);
        return reason switch
        {
            "rateLimitExceeded" or "userRateLimitExceeded" or "dailyLimitExceeded" or "downloadQuotaExceeded" or "uploadLimitExceeded" =>
                new(CloudErrorKind.RateLimited, "Google Drive asks for fewer requests.") { RetryAfter = http.RetryAfter(response) },
            "storageQuotaExceeded" or "quotaExceeded" or "teamDriveFileLimitExceeded" or "activeItemCreationLimitExceeded" =>
                new(CloudErrorKind.QuotaExceeded, "The Google account is full."),
            "numChildrenInNonRootLimitExceeded" =>
                new(CloudErrorKind.Other, $"The folder of '{what}' holds as much as a folder of Google Drive can."),
            "accessNotConfigured" => new(
                CloudErrorKind.Forbidden,
                "The Google Drive API is not turned on for your client: enable it at console.cloud.google.com (APIs & Services, Library)."),
            "insufficientPermissions" or "insufficientScopes" or "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => new(
                CloudErrorKind.Forbidden, "The login lacks the permission to keep files in Google Drive: sign in again, and tick the box for Drive."),
            "appNotAuthorizedToFile" or "insufficientFilePermissions" or "domainPolicy" or "cannotDownloadAbusiveFile" =>
                new(CloudErrorKind.Forbidden, $"Google Drive does not allow this with '{what}'."),
            "notFound" => new(CloudErrorKind.NotFound, $"There is no '{what}' in Google Drive."),
            "uploadTooLarge" => new(CloudErrorKind.TooLarge, $"'{what}' is larger than Google Drive takes."),
            _ => http.StatusError(response, reason),
        };
    }

    private static string? ReasonOf(JsonElement answer)
    {
        var error = answer.Member("error") ?? default;
        var reason = error.Items("errors").Select(each => each.TextOrNull("reason")).FirstOrDefault(each => each is not null) ??
            error.Items("details").Select(each => each.TextOrNull("reason")).FirstOrDefault(each => each is not null);
        // Fixed words; anything else is not fit for a message.
        return reason?.All(each => char.IsAsciiLetterOrDigit(each) || each == '_') == true ? reason : null;
    }
}
