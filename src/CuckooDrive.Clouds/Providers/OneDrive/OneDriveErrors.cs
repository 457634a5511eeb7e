using System.Net;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>Turns Graph's errors (https://learn.microsoft.com/graph/errors) into those of the contract.</summary>
internal static class OneDriveErrors
{
    /// <summary>The error that a failed answer means; disposes the answer.</summary>
    /// <param name="http">Reads it.</param>
    /// <param name="response">With a status that is no success.</param>
    /// <param name="name">What the request was about, for the message.</param>
    /// <param name="cancellationToken">Ends the reading of the answer.</param>
    public static async Task<CloudException> ReadAsync(
        CloudHttp http, HttpResponseMessage response, string name, CancellationToken cancellationToken)
    {
        using (response)
        {
            var error = (await http.ReadErrorAsync(response, cancellationToken).ConfigureAwait(false)).Member("error") ?? default;
            var code = Printable(error.TextOrNull("code"));
            var detail = Printable((error.Member("innerError") ?? error.Member("innererror") ?? default).TextOrNull("code"));
            return Map(http, response, name, code, detail);
        }
    }

    private static CloudException Map(CloudHttp http, HttpResponseMessage response, string name, string code, string detail) =>
        (code, response.StatusCode) switch
        {
            ("nameAlreadyExists", _) => new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already."),
            ("itemNotFound", _) => Missing(name),
            ("quotaLimitReached" or "insufficientStorage", _) => new(CloudErrorKind.QuotaExceeded, "The OneDrive account is full."),
            ("activityLimitReached", not HttpStatusCode.TooManyRequests) or (_, (HttpStatusCode)509) =>
                new(CloudErrorKind.RateLimited, "OneDrive asks for fewer requests.") { RetryAfter = http.RetryAfter(response) },
            // Somebody else's change of the same folder; the next try finds another state.
            (_, HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed or HttpStatusCode.Locked) => new(
                CloudErrorKind.Transient, $"OneDrive is changing something at '{name}' ({code})."),
            (_, HttpStatusCode.BadRequest) when detail is "nameContainsInvalidCharacters" or "pathIsTooLong" or "invalidFileName" =>
                new(CloudErrorKind.InvalidName, $"OneDrive does not take the name '{name}' ({detail})."),
            (_, HttpStatusCode.Forbidden) => new(
                CloudErrorKind.Forbidden,
                $"OneDrive does not allow this ({code}). If nothing works, the account does not take the permission for the app's folder alone: " +
                "use the address with ?access=files and sign in again."),
            _ => http.StatusError(response, detail.Length > 0 ? detail : code),
        };

    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    // What comes from the network must not reach a terminal as it is.
    private static string Printable(string? text) => new([.. (text ?? "").Where(char.IsAsciiLetterOrDigit).Take(80)]);
}
