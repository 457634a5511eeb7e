using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>The owner's account at the real server, past our provider: for what the provider does not do.</summary>
internal static class SwiftAccount
{
    /// <summary>Sends a request with a token for a path below the account; the caller disposes the answer.</summary>
    public static async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient();
        using var login = new HttpRequestMessage(HttpMethod.Get, TestServers.Swift["auth"]);
        login.Headers.Add("X-Auth-User", TestServers.Swift["user"]);
        login.Headers.Add("X-Auth-Key", TestServers.Swift["password"]);
        using var answer = (await client.SendAsync(login)).EnsureSuccessStatusCode();
        using var request = new HttpRequestMessage(method, answer.Headers.GetValues("X-Storage-Url").Single() + path);
        request.Headers.Add("X-Auth-Token", answer.Headers.GetValues("X-Auth-Token"));
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await client.SendAsync(request);
    }
}
