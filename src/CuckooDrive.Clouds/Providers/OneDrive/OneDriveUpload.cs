using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>
/// Uploads by a session, in fragments: https://learn.microsoft.com/graph/api/driveitem-createuploadsession. The object appears
/// with the last byte. Thread safe.
/// </summary>
internal sealed class OneDriveUpload(OneDriveClient client, TimeProvider time, ILogger logger)
{
    /// <summary>Fragments must be multiples of this, except for the last one.</summary>
    public const int Unit = 320 << 10;

    private const int FragmentSize = 32 * Unit;

    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(10);

    public async Task<OneDriveItem> RunAsync(
        string name, UploadSource source, CancellationToken cancellationToken)
    {
        var session = await BeginAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                var start = source.Position;
                using var body = source.Take(FragmentSize);
                body.Headers.ContentRange = new ContentRangeHeaderValue(
                    start, Math.Min(start + FragmentSize, source.Length) - 1, source.Length);
                var answer = await PutAsync(session, body, name, cancellationToken).ConfigureAwait(false);
                if (source.Position == source.Length)
                    return OneDriveItem.Parse(answer);
                RequireNext(answer, source.Position);
            }
        }
        catch
        {
            // Also after a name conflict or a full account: the session would be kept for days.
            await CancelAsync(session).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<Uri> BeginAsync(string name, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["item"] = new JsonObject { ["@microsoft.graph.conflictBehavior"] = "fail" },
        };
        var answer = await client.SendAsync(
            HttpMethod.Post, client.Address(name, "/createUploadSession"), body, name, cancellationToken).ConfigureAwait(false);
        return Uri.TryCreate(answer.TextOrNull("uploadUrl"), UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
            ? address
            : throw new CloudException(CloudErrorKind.Corrupt, "OneDrive told no safe address to upload to.");
    }

    private async Task<JsonElement> PutAsync(Uri session, HttpContent body, string name, CancellationToken cancellationToken)
    {
        // The address carries its own permission; a token would be refused, and is nobody's business there.
        using var request = new HttpRequestMessage(HttpMethod.Put, session) { Content = body };
        var response = await client.Plain.SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            return await client.ReadAsync(response, name, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind is CloudErrorKind.NotFound or CloudErrorKind.Unauthorized)
        {
            throw new CloudException(CloudErrorKind.Transient, $"OneDrive has ended the upload of '{name}'; it must begin anew.", failure);
        }
    }

    private static void RequireNext(JsonElement answer, long position)
    {
        var next = answer.Items("nextExpectedRanges").FirstOrDefault();
        if (next.TextOrNull()?.StartsWith($"{position}-", StringComparison.Ordinal) != true)
            throw new CloudException(CloudErrorKind.Transient, $"OneDrive did not keep the first {position} bytes of an upload.");
    }

    private async Task CancelAsync(Uri session)
    {
        using var timeout = new CancellationTokenSource(CancelTimeout, time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, session);
            (await client.Plain.SendAsync(request, timeout.Token).ConfigureAwait(false)).Dispose();
        }
        catch (Exception exception) when (exception is CloudException or OperationCanceledException)
        {
            // The service ends it by itself after some days; until then nothing of it is visible.
            logger.LogDebug(exception, "An upload session of OneDrive could not be cancelled.");
        }
    }
}
