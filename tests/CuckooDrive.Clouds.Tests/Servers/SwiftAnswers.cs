using System.Net;
using System.Text;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Stands for a Swift with a login of version 1 whose answers the test makes up: for what no real one can be brought to say.</summary>
internal sealed class SwiftAnswers : HttpMessageHandler
{
    /// <summary>Status and body of the answer to anything but signing in.</summary>
    public Func<HttpRequestMessage, (int Status, string Body)> Answer { get; init; } = _ => (204, "");

    public int LoginStatus { get; init; } = 200;

    public string Storage { get; init; } = "https://swift.example/v1/AUTH_us";

    public string? ETag { get; init; }

    /// <summary>How often somebody signed in or tried to.</summary>
    public int Logins { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null)
            await request.Content.CopyToAsync(Stream.Null, cancellationToken);
        if (request.RequestUri!.AbsolutePath == "/auth/v1.0")
        {
            Logins++;
            var login = new HttpResponseMessage((HttpStatusCode)LoginStatus);
            login.Headers.Add("X-Auth-Token", "token");
            login.Headers.Add("X-Storage-Url", Storage);
            return login;
        }
        var (status, body) = Answer(request);
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (ETag is not null)
            response.Headers.TryAddWithoutValidation("ETag", ETag);
        return response;
    }
}
