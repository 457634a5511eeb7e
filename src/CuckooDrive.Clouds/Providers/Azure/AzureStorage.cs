using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Azure;

/// <summary>
/// <c>azblob://container/prefix</c>: objects as block blobs of an Azure storage account, with the connection string or signed
/// address of <see cref="CloudSecret.ConnectionString"/>, or the account of <see cref="CloudSecret.AccessKey"/> and its key of
/// <see cref="CloudSecret.SecretKey"/>. Options: <c>endpoint=https://host</c> and <c>domain=NAME</c>.
/// </summary>
public sealed class AzureStorage : ICloudStorage
{
    private readonly AzureAddress _address;
    private readonly AzureSession _session;
    private readonly AzureErrors _errors;
    private readonly RootMaker _root;

    private AzureStorage(AzureAddress address, CloudOpenOptions options)
    {
        _address = address;
        _session = new AzureSession(address, options);
        _errors = new AzureErrors(address);
        _root = new RootMaker(options.CreateRoot, MakeContainerAsync);
        Capabilities = new CloudCapabilities
        {
            CreateOnce = true,
            RangeRead = true,
            ConsistentList = true,
            Hash = CloudHashKind.Md5,
            ComparesHash = true,
            MaximumObjectSize = AzureWriter.LargestObject,
            FailureDomain = address.FailureDomain,
        };
    }

    public static CloudProvider Provider { get; } = new("azblob", "azblob://container/prefix", Open)
    {
        SignIn = static _ => new CloudSignInNeed
        {
            Fields = [new CloudSecretField(CloudSecret.ConnectionString, "connection string or signed address (SAS)")],
            Help = "In the Azure portal: the storage account, Security + networking, Access keys, Connection string; or the container, Shared access tokens.",
        },
    };

    public CloudCapabilities Capabilities { get; }

    public string Address => _address.Address.Text;

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var container = await ContainerAsync(prefix, cancellationToken).ConfigureAwait(false);
        await using var pages = container
            .GetBlobsAsync(BlobTraits.None, BlobStates.None, _address.Prefix + prefix, cancellationToken)
            .AsPages().GetAsyncEnumerator(cancellationToken);
        while (await CallAsync(prefix, () => pages.MoveNextAsync().AsTask(), cancellationToken).ConfigureAwait(false))
        {
            foreach (var each in pages.Current.Values)
            {
                var name = each.Name[_address.Prefix.Length..];
                if (ObjectName.IsValid(name))
                    yield return Describe(name, each.Properties.ContentLength ?? 0, each.Properties.LastModified, each.Properties.ContentHash);
            }
        }
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
        var blob = await BlobAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            var options = new BlobDownloadOptions();
            if (offset > 0 || length is not null)
                options.Range = new HttpRange(offset, length is { } count ? Math.Max(1, Math.Min(count, long.MaxValue - offset)) : null);
            var answer = await blob.DownloadStreamingAsync(options, cancellationToken).ConfigureAwait(false);
            var body = new AnswerStream(
                answer.Value.Content,
                answer.Value,
                answer.Value.Details.ContentLength,
                (exception, token) => Translate(exception, name, token));
            return length is null ? body : new PartStream(body, 0, length);
        }
        catch (RequestFailedException failure) when (failure.Status == 416)
        {
            return Stream.Null;
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        var blob = await BlobAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            await AzureWriter.WriteAsync(blob, name, content, cancellationToken).ConfigureAwait(false);
            return new CloudObject(name, content.Length);
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        var blob = await BlobAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            var found = (await blob.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value;
            return Describe(name, found.ContentLength, found.LastModified, found.ContentHash);
        }
        catch (RequestFailedException failure) when (failure.ErrorCode == "BlobNotFound")
        {
            return null;
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        var blob = await BlobAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            await blob.DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException failure) when (failure.ErrorCode == "BlobNotFound")
        {
            // Gone is what was asked for.
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
        throw new CloudException(CloudErrorKind.Unsupported, "Azure Blob Storage cannot rename objects.");

    public Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new CloudQuota(null, null, null));
    }

    public ValueTask DisposeAsync()
    {
        _session.Dispose();
        _root.Dispose();
        return ValueTask.CompletedTask;
    }

    private static AzureStorage Open(CloudAddress address, CloudOpenOptions options) => new(AzureAddress.Parse(address), options);

    private static CloudObject Describe(string name, long length, DateTimeOffset? modified, byte[]? hash) =>
        new(name, length, modified, hash is { Length: > 0 } ? Convert.ToHexStringLower(hash) : null);

    private async Task<BlockBlobClient> BlobAsync(string name, CancellationToken cancellationToken) =>
        (await ContainerAsync(name, cancellationToken).ConfigureAwait(false)).GetBlockBlobClient(_address.Prefix + name);

    private async Task<BlobContainerClient> ContainerAsync(string name, CancellationToken cancellationToken)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        return await CallAsync(name, () => _session.ContainerAsync(cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false);
    }

    private async Task MakeContainerAsync(CancellationToken cancellationToken)
    {
        var container = await _session.ContainerAsync(cancellationToken).ConfigureAwait(false);
        await CallAsync(
            "", () => container.CreateIfNotExistsAsync(cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> CallAsync<T>(string name, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    private Exception Translate(Exception exception, string name, CancellationToken cancellationToken)
    {
        var failure = _errors.Translate(exception, name, cancellationToken);
        if (failure is CloudException { Kind: CloudErrorKind.Unauthorized })
            _session.Forget();
        return failure;
    }
}
