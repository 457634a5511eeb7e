using System.Text;

namespace CuckooDrive.Clouds.Tests.Rest;

/// <summary>Text in an answer that no text can be: it parses, and fails only when somebody reads it.</summary>
public sealed class HostileJsonTests
{
    public static TheoryData<string> Addresses => ["gdrive:/drive", "onedrive:/drive", "box:/drive", "dropbox:/drive"];

    /// <summary>Half a surrogate pair in names, tags, identifiers and links.</summary>
    [Theory]
    [MemberData(nameof(Addresses))]
    public Task Half_a_letter_is_an_error_of_the_contract(string url) => EveryCallAsync(
        url,
        Encoding.ASCII.GetBytes(
            """{"files":[{"id":"1","name":"\ud800","mimeType":"\ud800","size":"\ud800","parents":["\ud800"]}],"value":[{"id":"1","name":"\ud800","file":{}}],"entries":[{"id":"1","type":"file","name":"\ud800",".tag":"\ud800","path_lower":"\ud800"}],"id":"\ud800","name":"\ud800",".tag":"\ud800"}"""));

    /// <summary>Bytes that are no UTF-8.</summary>
    [Theory]
    [MemberData(nameof(Addresses))]
    public Task Bytes_that_are_no_text_are_an_error_of_the_contract(string url) => EveryCallAsync(
        url,
        [.. "{\"files\":[{\"id\":\"1\",\"name\":\""u8, 0xff, .. "\"}],\"value\":[{\"id\":\""u8, 0xff, .. "\"}],\"entries\":[{\"id\":\"1\",\"type\":\""u8, 0xff,
            .. "\",\".tag\":\""u8, 0xff, .. "\"}],\"id\":\""u8, 0xff, .. "\",\".tag\":\""u8, 0xff, .. "\"}"u8]);

    private static async Task EveryCallAsync(string url, byte[] body)
    {
        await using var storage = CloudRegistry.Default.Open(url, new CloudOpenOptions
        {
            Credentials = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.AccessToken, "token")),
            HttpHandler = () => new Answers(body),
        });
        Func<Task>[] calls =
        [
            () => storage.ListAsync("").CountAsync().AsTask(),
            () => storage.StatAsync("a"),
            () => storage.DeleteAsync("a"),
            () => storage.WriteAsync("a", CloudContent.FromMemory(new byte[1])),
            () => storage.GetQuotaAsync(),
        ];
        foreach (var call in calls)
        {
            try
            {
                await call();
            }
            catch (CloudException)
            {
                // As promised.
            }
        }
    }

    private sealed class Answers(byte[] body) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is not null)
                await request.Content.CopyToAsync(Stream.Null, cancellationToken);
            return new HttpResponseMessage { Content = new ByteArrayContent(body), RequestMessage = request };
        }
    }
}
