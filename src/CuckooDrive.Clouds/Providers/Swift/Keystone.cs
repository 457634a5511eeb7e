using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using CuckooDrive.Clouds.OAuth;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>
/// Signs in by Keystone's version 3 (https://docs.openstack.org/api-ref/identity/v3/), with a user's password for a project or with
/// an application credential, and finds the object store in the catalogue.
/// </summary>
internal static class Keystone
{
    public static HttpRequestMessage Request(SwiftAddress address, string secret)
    {
        var auth = new JsonObject { ["identity"] = Identity(address, secret) };
        if (address.Project is { } project)
            auth["scope"] = new JsonObject { ["project"] = Named(project, address.ProjectDomain) };
        return new HttpRequestMessage(HttpMethod.Post, $"{address.Auth.AbsoluteUri}/auth/tokens")
        {
            Content = new StringContent(new JsonObject { ["auth"] = auth }.ToJsonString(), Encoding.UTF8, "application/json"),
        };
    }

    public static async Task<SwiftLogin> ReadAsync(
        CloudHttp http, SwiftAddress address, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var token = response.Header("X-Subject-Token") ??
            throw new CloudException(CloudErrorKind.Corrupt, $"{address.Service} let {address.Who} in but gave no token.");
        var answer = await http.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
        var body = answer.Member("token") ?? default;
        return SwiftLogin.Create(address, new AccessToken(token, body.TimeOrNull("expires_at")), FindStore(address, body));
    }

    private static JsonObject Identity(SwiftAddress address, string secret)
    {
        if (address.Application is { } id)
        {
            return new JsonObject
            {
                ["methods"] = new JsonArray("application_credential"),
                ["application_credential"] = new JsonObject { ["id"] = id, ["secret"] = secret },
            };
        }
        var user = Named(address.User!, address.UserDomain);
        user["password"] = secret;
        return new JsonObject
        {
            ["methods"] = new JsonArray("password"),
            ["password"] = new JsonObject { ["user"] = user },
        };
    }

    private static JsonObject Named(string name, string domain) => new()
    {
        ["name"] = name,
        ["domain"] = new JsonObject { ["name"] = domain },
    };

    private static string? FindStore(SwiftAddress address, JsonElement token)
    {
        var stores = token.Items("catalog").Where(service => service.TextOrNull("type") == "object-store")
            .SelectMany(service => service.Items("endpoints"))
            .Where(endpoint => endpoint.TextOrNull("interface") == address.Interface)
            .Select(endpoint => (Region: endpoint.TextOrNull("region_id") ?? endpoint.TextOrNull("region") ?? "", Url: endpoint.TextOrNull("url")))
            .ToList();
        if (stores.Count == 0)
        {
            throw new CloudException(
                CloudErrorKind.Other,
                $"{address.Service} has no {address.Interface} object store for {address.Who}; check the project of the address.");
        }
        var chosen = stores.Where(store => address.Region is null || store.Region == address.Region).ToList();
        // Of two stores the wrong one would seem to be empty.
        return chosen.Select(store => store.Url).Distinct().Count() == 1
            ? chosen[0].Url
            : throw new CloudException(
                CloudErrorKind.Other,
                $"{address.Service} has object stores in these regions: {string.Join(", ", stores.Select(store => Printable(store.Region)).Distinct())}; say which by region=NAME in the address.");
    }

    // What comes from the network must not reach a terminal as it is.
    private static string Printable(string text) => new([.. text.Where(each => char.IsAsciiLetterOrDigit(each) || each is '-' or '_' or '.').Take(80)]);
}
