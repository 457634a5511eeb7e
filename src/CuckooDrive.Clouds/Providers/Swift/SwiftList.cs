using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>Lists a container, page by page: https://docs.openstack.org/api-ref/object-store/#show-container-details-and-list-objects.</summary>
internal static class SwiftList
{
    /// <param name="client">Asks.</param>
    /// <param name="prefix">What the names in the container begin with.</param>
    /// <param name="skip">How much of the names is no part of the objects' names.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<CloudObject> RunAsync(
        SwiftClient client, string prefix, int skip, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var marker = ""; ;)
        {
            var page = await ReadPageAsync(client, prefix, marker, cancellationToken).ConfigureAwait(false);
            // A short page is not always the last one.
            if (page.Count == 0)
                yield break;
            foreach (var each in page)
            {
                if (each.TextOrNull("name") is { } name && name.StartsWith(prefix, StringComparison.Ordinal) && ObjectName.IsValid(name[skip..]))
                    yield return Describe(client, name[skip..], each);
            }
            var last = page[^1].TextOrNull("name") ?? page[^1].TextOrNull("subdir");
            if (string.IsNullOrEmpty(last) || last == marker)
                throw Nonsense(client);
            marker = last;
        }
    }

    private static async Task<List<JsonElement>> ReadPageAsync(
        SwiftClient client, string prefix, string marker, CancellationToken cancellationToken)
    {
        var query = QueryString.Format(new Dictionary<string, string>
        {
            ["format"] = "json",
            // Without a limit, for one above the server's own, usually 10,000, is an error.
            ["prefix"] = prefix,
            ["marker"] = marker,
        });
        using var response = await client.SendAsync(HttpMethod.Get, $"{client.Container}?{query}", cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
            throw client.ContainerMissing();
        if (response.StatusCode == HttpStatusCode.NoContent)
            return [];
        if (!response.IsSuccessStatusCode)
            throw await client.ErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var answer = await client.Http.ReadJsonAsync(response, cancellationToken).ConfigureAwait(false);
        return answer.ValueKind == JsonValueKind.Array ? [.. answer.EnumerateArray()] : throw Nonsense(client);
    }

    private static CloudObject Describe(SwiftClient client, string name, JsonElement found) => new(
        name,
        found.NumberOrNull("bytes") ?? throw Nonsense(client),
        // In UTC, which is not written there.
        DateTimeOffset.TryParse(
            found.TextOrNull("last_modified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var modified) ? modified : null,
        found.TextOrNull("hash"));

    private static CloudException Nonsense(SwiftClient client) =>
        new(CloudErrorKind.Corrupt, $"{client.Http.Service} lists the container in a way that makes no sense.");
}
