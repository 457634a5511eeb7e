using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Xml;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>The requests of WebDAV below one root, with their login and errors. Thread safe.</summary>
internal sealed class WebDavClient : IDisposable
{
    private static readonly HttpMethod PropFind = new("PROPFIND");
    private static readonly HttpMethod MakeCollection = new("MKCOL");
    private static readonly HttpMethod MoveMethod = new("MOVE");

    private readonly WebDavAddress _address;
    private readonly ICredentialStore? _credentials;
    private volatile AuthenticationHeaderValue? _login;

    public WebDavClient(WebDavAddress address, CloudOpenOptions options)
    {
        _address = address;
        _credentials = options.Credentials;
        Http = new CloudHttp($"'{address.Host}'", address.Trusting(options));
    }

    public CloudHttp Http { get; }

    /// <summary>The answer to a GET of a part; 200, 206 and 416 are returned, and the caller disposes it.</summary>
    public async Task<HttpResponseMessage> GetAsync(string name, long offset, long? length, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Locate(name));
        RangedDownload.Ask(request, offset, AskedFor(length));
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How much is asked for where so much is wanted: no range is empty, and one byte shows whether the object is there.</summary>
    public static long? AskedFor(long? length) => length is { } count ? Math.Max(1, count) : null;

    public async Task<HttpResponseMessage> PutAsync(
        string path, HttpContent content, bool onlyNew, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Locate(path)) { Content = content };
        if (onlyNew)
            request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Renames without replacing anything.</summary>
    public async Task<HttpResponseMessage> MoveAsync(string source, string target, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(MoveMethod, Locate(source));
        request.Headers.Add("Destination", Locate(target).AbsoluteUri);
        request.Headers.Add("Overwrite", "F");
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    public Task<HttpResponseMessage> DeleteAsync(string path, CancellationToken cancellationToken) =>
        DeleteAsync(Locate(path), cancellationToken);

    public async Task<HttpResponseMessage> DeleteAsync(Uri resource, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, resource);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    public Task<HttpResponseMessage> MakeFolderAsync(string folder, CancellationToken cancellationToken) =>
        MakeFolderAsync(Locate(folder), cancellationToken);

    public async Task<HttpResponseMessage> MakeFolderAsync(Uri folder, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(MakeCollection, folder);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Describes a resource, or a folder and what is in it; null when the server says that there is none.</summary>
    public async Task<List<DavResource>?> DescribeAsync(
        string path, bool withChildren, CancellationToken cancellationToken, string body = Multistatus.Request)
    {
        var (found, refusal) = await TryDescribeAsync(Locate(path), withChildren, body, cancellationToken).ConfigureAwait(false);
        return refusal is null ? found : throw refusal;
    }

    /// <summary>
    /// The same for what may lie below a file: there lighttpd says "forbidden" and Apache "bad request", which comes as the refusal.
    /// </summary>
    public Task<(List<DavResource>? Found, CloudException? Refusal)> TryDescribeAsync(string path, CancellationToken cancellationToken) =>
        TryDescribeAsync(Locate(path), false, Multistatus.Request, cancellationToken);

    /// <summary>Whether the root is a folder and not a file; fails when there is neither.</summary>
    public async Task<bool> IsRootFolderAsync(CancellationToken cancellationToken)
    {
        var (found, refusal) = await TryDescribeAsync(_address.Root, false, Multistatus.Request, cancellationToken).ConfigureAwait(false);
        if (refusal is null)
            return (found ?? throw RootMissing()) is [{ IsFolder: true }, ..];
        // So it may be with a file whose name ends with a slash.
        var bare = new Uri(_address.Root.AbsoluteUri.TrimEnd('/'));
        (found, _) = await TryDescribeAsync(bare, false, Multistatus.Request, cancellationToken).ConfigureAwait(false);
        return found is [{ IsFolder: false }, ..] ? false : throw refusal;
    }

    /// <summary>The error that an answer means.</summary>
    public CloudException Error(HttpResponseMessage response) => (int)response.StatusCode switch
    {
        401 => new(
            CloudErrorKind.Unauthorized,
            $"'{_address.Host}' refuses the login of '{_address.User ?? "nobody"}'; check the user and the password (many services want one made for this app)."),
        403 => new(
            CloudErrorKind.Forbidden, $"'{_address.Host}' does not let '{_address.User ?? "anybody"}' do this at {_address.Root}; it may be read-only."),
        >= 300 and < 400 => new(
            CloudErrorKind.Other, $"'{_address.Host}' sends elsewhere, to {response.Headers.Location}; use that address if you trust it."),
        423 => new(CloudErrorKind.Transient, $"'{_address.Host}' says that the file is locked."),
        _ => Http.StatusError(response),
    };

    public CloudException RootMissing() => new(
        CloudErrorKind.NotFound, $"There is no folder {_address.Root} at the server; create it or correct the address.");

    /// <summary>What it means that the server misses a folder which was made a moment ago.</summary>
    public async Task<CloudException> FolderMissingAsync(string path, CancellationToken cancellationToken) =>
        await DescribeAsync("", false, cancellationToken).ConfigureAwait(false) is null
            ? RootMissing()
            : new CloudException(CloudErrorKind.Transient, $"'{_address.Host}' does not make or keep the folders above '{path}'.");

    public void Dispose() => Http.Dispose();

    private async Task<(List<DavResource>? Found, CloudException? Refusal)> TryDescribeAsync(
        Uri resource, bool withChildren, string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(PropFind, resource);
        request.Headers.Add("Depth", withChildren ? "1" : "0");
        request.Content = new StringContent(body, Encoding.UTF8, "application/xml");
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            return (null, null);
        if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden)
            return (null, Error(response));
        if (response.StatusCode != HttpStatusCode.MultiStatus)
        {
            throw (int)response.StatusCode is 200 or 405 or 501
                ? new CloudException(
                    CloudErrorKind.Other, $"{_address.Root} is not a WebDAV folder; check the path of the address.")
                : Error(response);
        }

        await using var answer = await Http.OpenBodyAsync(response, null, cancellationToken).ConfigureAwait(false);
        return (await ReadAsync(answer, cancellationToken).ConfigureAwait(false), null);
    }

    private async Task<List<DavResource>> ReadAsync(Stream answer, CancellationToken cancellationToken)
    {
        var isBegun = false;
        try
        {
            // A server may fall silent in the middle of its answer.
            await using var body = new CancellableStream(answer, cancellationToken);
            using var reader = await Multistatus.BeginAsync(body).ConfigureAwait(false);
            isBegun = true;
            return await Multistatus.ReadAsync(reader, cancellationToken).ConfigureAwait(false);
        }
        catch (XmlException exception) when (isBegun)
        {
            // rclone ends so when something goes away while it lists the folder: what came is not all there is.
            throw new CloudException(CloudErrorKind.Transient, $"'{_address.Host}' broke off while it described a folder.", exception);
        }
        catch (Exception exception) when (exception is XmlException or InvalidDataException)
        {
            throw new CloudException(
                CloudErrorKind.Corrupt, $"'{_address.Host}' describes its folder in a way that makes no sense.", exception);
        }
    }

    /// <summary>The address of an object or folder.</summary>
    public Uri Locate(string path) => new(_address.Root, string.Join('/', path.Split('/').Select(Uri.EscapeDataString)));

    /// <summary>Sends a request with the login; a refused login is an error, every other answer is returned, and the caller disposes it.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_address.User is not null)
            request.Headers.Authorization = _login ?? await LogInAsync(cancellationToken).ConfigureAwait(false);
        var response = await Http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        // Read again next time: the user may have corrected it.
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            _login = null;
            using (response)
                throw Error(response);
        }
        return response;
    }

    private async Task<AuthenticationHeaderValue> LogInAsync(CancellationToken cancellationToken)
    {
        var credential = _credentials is null ? null : await _credentials.ReadAsync(cancellationToken).ConfigureAwait(false);
        var password = credential?[CloudSecret.Password] ?? throw new CloudException(
            CloudErrorKind.Unauthorized, $"The password of '{_address.User}' at '{_address.Host}' is missing; sign in to this cloud first.");
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_address.User}:{password}"));
        return _login = new AuthenticationHeaderValue("Basic", login);
    }
}
