using System.Net;
using System.Text;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Stands for a server whose answers the test makes up: for what no real one can be brought to say.</summary>
internal sealed class CannedAnswers(Func<HttpRequestMessage, (int Status, string Body)> answer) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null)
            await request.Content.CopyToAsync(Stream.Null, cancellationToken);
        var (status, body) = answer(request);
        return new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/xml"),
            RequestMessage = request,
        };
    }
}
