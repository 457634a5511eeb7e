using System.Globalization;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>
/// Signs in the older way, with two headers: TempAuth, SwiftStack, Ceph's radosgw
/// (https://docs.openstack.org/swift/latest/overview_auth.html).
/// </summary>
internal static class SwiftV1
{
    public static HttpRequestMessage Request(SwiftAddress address, string secret)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address.Auth);
        // As they are: names and keys may hold what headers with a grammar do not allow.
        var isSent = request.Headers.TryAddWithoutValidation("X-Auth-User", address.User) &
            request.Headers.TryAddWithoutValidation("X-Auth-Key", secret);
        return isSent && !secret.Any(char.IsControl)
            ? request
            : throw new CloudException(CloudErrorKind.Unauthorized, $"The password of {address.Who} cannot be one: it has control characters.");
    }

    public static SwiftLogin Read(CloudHttp http, SwiftAddress address, HttpResponseMessage response)
    {
        var token = response.Header("X-Auth-Token") ?? response.Header("X-Storage-Token") ??
            throw new CloudException(CloudErrorKind.Corrupt, $"{address.Service} let {address.Who} in but gave no token.");
        var expires = long.TryParse(response.Header("X-Auth-Token-Expires"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) &&
            seconds <= TimeSpan.FromDays(3650).TotalSeconds
            ? http.Time.GetUtcNow() + TimeSpan.FromSeconds(seconds)
            : (DateTimeOffset?)null;
        return SwiftLogin.Create(address, new AccessToken(token, expires), response.Header("X-Storage-Url"));
    }

    /// <summary>The value of a header of the answer, or null.</summary>
    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
