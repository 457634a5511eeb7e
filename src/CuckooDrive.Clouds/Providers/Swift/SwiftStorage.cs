using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Swift;

/// <summary>
/// <c>swift://container/prefix?auth=https://host:5000/v3&amp;user=...&amp;project=...</c>: objects in a container of OpenStack Swift, with
/// the password of <see cref="CloudSecret.Password"/>, or with <c>application-credential=ID</c> and the secret of
/// <see cref="CloudSecret.SecretKey"/>. Further options: <c>user-domain</c>, <c>project-domain</c>, <c>region</c>, <c>interface</c>,
/// <c>auth-version</c>, <c>quota=true</c> where the container or account has one, <c>domain</c>.
/// </summary>
/// <remarks>
/// Swift checks <c>If-None-Match: *</c> before it receives an object, not when it stores it, and its lists lag behind: neither
/// creation once nor consistent lists are declared.
/// </remarks>
public sealed class SwiftStorage : ICloudStorage
{
    private const long LargestObject = 5L << 30;

    /// <summary>Smaller content is sent without asking first whether the name is free.</summary>
    private const int SentAtOnce = 64 << 10;

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(20);

    private readonly SwiftAddress _address;
    private readonly SwiftClient _client;
    private readonly RootMaker _root;
    private readonly TimeProvider _time;

    private SwiftStorage(SwiftAddress address, CloudOpenOptions options)
    {
        _address = address;
        _client = new SwiftClient(address, options);
        _root = new RootMaker(options.CreateRoot, _client.MakeContainerAsync);
        _time = options.Time;
        Capabilities = new CloudCapabilities
        {
            RangeRead = true,
            Quota = address.HasQuota,
            Hash = CloudHashKind.Md5,
            ComparesHash = true,
            MaximumObjectSize = LargestObject,
            FailureDomain = address.FailureDomain,
        };
    }

    public static CloudProvider Provider { get; } = new("swift", "swift://container/prefix?auth=...", Open)
    {
        SignIn = SwiftAddress.SignIn,
    };

    public CloudCapabilities Capabilities { get; }

    public string Address => _address.Address.Text;

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var all = SwiftList.RunAsync(_client, _address.Prefix + prefix, _address.Prefix.Length, cancellationToken);
        await foreach (var each in all.ConfigureAwait(false))
            yield return each;
    }

    public async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        await using var stream = await OpenReadAsync(name, offset, destination.Length, cancellationToken).ConfigureAwait(false);
        return await stream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
    }

    public async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        if (length == 0)
            return await StatAsync(name, cancellationToken).ConfigureAwait(false) is null ? throw SwiftClient.Missing(name) : Stream.Null;
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var response = await _client.SendAsync(
            HttpMethod.Get, _client.Object(name), cancellationToken, request => RangedDownload.Ask(request, offset, length)).ConfigureAwait(false);
        if (RangedDownload.IsAnswer(response))
            return await RangedDownload.OpenAsync(_client.Http, response, offset, length, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            if (response.StatusCode != HttpStatusCode.NotFound)
                throw await _client.ErrorAsync(response, cancellationToken).ConfigureAwait(false);
            await _client.CheckContainerAsync(cancellationToken).ConfigureAwait(false);
            throw SwiftClient.Missing(name);
        }
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        if (content.Length > LargestObject)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is larger than the 5 GiB that Swift takes.");
        await using var upload = new RestartableUpload(content, CloudHashKind.Md5);
        using var response = await _client.SendAsync(
            HttpMethod.Put,
            _client.Object(name),
            async (request, token) =>
            {
                request.Content = await upload.WholeAsync(token).ConfigureAwait(false);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
                request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
                request.Headers.ExpectContinue = content.Length > SentAtOnce;
            },
            cancellationToken).ConfigureAwait(false);
        switch (response.StatusCode)
        {
            case HttpStatusCode.PreconditionFailed:
                throw new CloudException(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");
            case HttpStatusCode.NotFound:
                throw _client.ContainerMissing();
            // Received and dropped, because something newer is there by the clocks of the servers.
            case HttpStatusCode.Accepted:
                throw new CloudException(CloudErrorKind.Transient, $"{_address.Service} has a newer change of '{name}' than this one.");
        }
        if (!response.IsSuccessStatusCode)
            throw await _client.ErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var hash = upload.FinishHash();
        if (HashOf(response) is { } stored && !ContentHash.AreEqual(stored, hash))
        {
            await RemoveAsync(name).ConfigureAwait(false);
            throw new CloudException(CloudErrorKind.Corrupt, $"{_address.Service} stored '{name}' with other bytes than were sent; it was removed again.");
        }
        return new CloudObject(name, content.Length, response.Content.Headers.LastModified, Convert.ToHexStringLower(hash));
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        using var response = await _client.SendAsync(HttpMethod.Head, _client.Object(name), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            await _client.CheckContainerAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        if (!response.IsSuccessStatusCode)
            throw await _client.ErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var headers = response.Content.Headers;
        var length = headers.ContentLength ?? throw new CloudException(
            CloudErrorKind.Corrupt, $"{_address.Service} does not tell the length of '{name}'.");
        return new CloudObject(name, length, headers.LastModified, HashOf(response));
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        using var response = await _client.SendAsync(HttpMethod.Delete, _client.Object(name), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
            await _client.CheckContainerAsync(cancellationToken).ConfigureAwait(false);
        else if (!response.IsSuccessStatusCode)
            throw await _client.ErrorAsync(response, cancellationToken).ConfigureAwait(false);
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
        throw new CloudException(CloudErrorKind.Unsupported, "Swift cannot rename objects.");

    public async Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var container = await ReadQuotaAsync(_client.Container, "Container", cancellationToken).ConfigureAwait(false) ??
            throw _client.ContainerMissing();
        // Not everybody may look at the account.
        var account = await ReadQuotaAsync(SwiftClient.Account, "Account", cancellationToken).ConfigureAwait(false);
        return account?.Free is { } free && (container.Free is null || free < container.Free) ? account.Value : container;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync().ConfigureAwait(false);
        _root.Dispose();
    }

    private static SwiftStorage Open(CloudAddress address, CloudOpenOptions options) => new(SwiftAddress.Parse(address), options);

    private static string? HashOf(HttpResponseMessage response) => response.Headers.ETag?.Tag.Trim('"') ?? response.Header("ETag")?.Trim('"');

    /// <summary>Null when it is not there, or not to be looked at.</summary>
    private async Task<CloudQuota?> ReadQuotaAsync(string path, string kind, CancellationToken cancellationToken)
    {
        using var response = await _client.SendAsync(HttpMethod.Head, path, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound || (response.StatusCode == HttpStatusCode.Forbidden && path.Length == 0))
            return null;
        if (!response.IsSuccessStatusCode)
            throw await _client.ErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var (total, used) = (Number($"X-{kind}-Meta-Quota-Bytes"), Number($"X-{kind}-Bytes-Used"));
        return new CloudQuota(total, used, total is { } all ? Math.Max(0, all - (used ?? 0)) : null);

        long? Number(string header) =>
            long.TryParse(response.Header(header), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    // What stays is found to be wrong by whoever reads it; the caller hears of it in any case.
    private async Task RemoveAsync(string name)
    {
        using var limit = new CancellationTokenSource(CleaningTime, _time);
        try
        {
            using var response = await _client.SendAsync(HttpMethod.Delete, _client.Object(name), limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CloudException or OperationCanceledException)
        {
            // The failure of the upload is what the caller must hear.
        }
    }
}
