using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.S3;

/// <summary>
/// <c>s3://bucket/prefix?region=...</c>: objects in a bucket of Amazon S3, or of whatever speaks its protocol with
/// <c>endpoint=https://host</c>, with the keys of <see cref="CloudSecret.AccessKey"/> and <see cref="CloudSecret.SecretKey"/>.
/// Further options: <c>create-once=false</c> for a server that ignores <c>If-None-Match</c>, <c>hash=md5</c> where ETags are MD5,
/// <c>path-style</c>, <c>multipart=MIB</c>, <c>domain</c>.
/// </summary>
public sealed class S3Storage : ICloudStorage
{
    private const int PageSize = 1000;

    private readonly S3Address _address;
    private readonly S3Session _session;
    private readonly S3Writer _writer;
    private readonly S3Errors _errors;
    private readonly RootMaker _root;

    private S3Storage(S3Address address, CloudOpenOptions options)
    {
        _address = address;
        _session = new S3Session(address, options);
        _writer = new S3Writer(_session, address, options.Time);
        _errors = new S3Errors(address);
        _root = new RootMaker(options.CreateRoot, MakeBucketAsync);
        Capabilities = new CloudCapabilities
        {
            CreateOnce = address.CreatesOnce,
            RangeRead = true,
            ConsistentList = true,
            Hash = address.HasMd5 ? CloudHashKind.Md5 : CloudHashKind.None,
            MaximumObjectSize = 5L << 40,
            FailureDomain = address.FailureDomain,
        };
    }

    public static CloudProvider Provider { get; } = new("s3", "s3://bucket/prefix?region=...", Open)
    {
        SignIn = address => new CloudSignInNeed
        {
            Fields =
            [
                new CloudSecretField(CloudSecret.AccessKey, "access key id") { IsHidden = false },
                new CloudSecretField(CloudSecret.SecretKey, "secret access key"),
            ],
            Help = $"Make an access key that may list, read, write and delete in the bucket '{address.Host}', and nothing else.",
        },
    };

    public CloudCapabilities Capabilities { get; }

    public string Address => _address.Address.Text;

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var request = new ListObjectsV2Request { BucketName = _address.Bucket, Prefix = _address.Prefix + prefix, MaxKeys = PageSize };
        do
        {
            var page = await CallAsync(
                prefix, token => _session.Client.ListObjectsV2Async(request, token), cancellationToken).ConfigureAwait(false);
            foreach (var each in page.S3Objects ?? [])
            {
                var name = each.Key[_address.Prefix.Length..];
                if (ObjectName.IsValid(name))
                    yield return Describe(name, each.Size ?? 0, each.LastModified, each.ETag);
            }
            // What is not listed would be taken for lost.
            if (page.IsTruncated == true && string.IsNullOrEmpty(page.NextContinuationToken))
                throw new CloudException(CloudErrorKind.Corrupt, $"{_address.Service} does not tell how to ask for the rest of a list.");
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
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
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var isPart = offset > 0 || length is not null;
        var request = new GetObjectRequest { BucketName = _address.Bucket, Key = _address.Prefix + name };
        if (isPart)
            request.ByteRange = new ByteRange(offset, Last(offset, length ?? long.MaxValue));
        try
        {
            var response = await _session.Client.GetObjectAsync(request, cancellationToken).ConfigureAwait(false);
            var body = new AnswerStream(
                response.ResponseStream, response, response.ContentLength, (exception, token) => Translate(exception, name, token));
            var ignored = isPart && response.HttpStatusCode == HttpStatusCode.OK;
            return isPart ? new PartStream(body, ignored ? offset : 0, length) : body;
        }
        catch (AmazonServiceException failure) when (failure.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
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
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        // Where the server has no precondition, this look is all there is; before many parts it saves the upload.
        if ((!_address.CreatesOnce || content.Length > _address.MultipartThreshold) &&
            await StatAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw S3Errors.Exists(name);
        try
        {
            await _writer.WriteAsync(name, content, cancellationToken).ConfigureAwait(false);
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
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var found = await _session.Client.GetObjectMetadataAsync(_address.Bucket, _address.Prefix + name, cancellationToken)
                .ConfigureAwait(false);
            return Describe(name, found.ContentLength, found.LastModified, found.ETag);
        }
        catch (AmazonServiceException failure) when (failure.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            // An answer to HEAD has no body that tells a missing bucket from a missing object, or bad keys from missing rights.
            await CheckBucketAsync(cancellationToken).ConfigureAwait(false);
            return failure.StatusCode == HttpStatusCode.NotFound ? null : throw Translate(failure, name, cancellationToken);
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        await _root.EnsureAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _session.Client.DeleteObjectAsync(_address.Bucket, _address.Prefix + name, cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonServiceException failure) when (failure.ErrorCode == "NoSuchKey")
        {
            // Google's interface says so; Amazon's does not mention it.
        }
        catch (Exception exception)
        {
            throw Translate(exception, name, cancellationToken);
        }
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
        throw new CloudException(CloudErrorKind.Unsupported, $"{_address.Service} cannot rename objects.");

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

    private static S3Storage Open(CloudAddress address, CloudOpenOptions options) => new(S3Address.Parse(address), options);

    private static long Last(long offset, long length) =>
        offset > long.MaxValue - length ? long.MaxValue : offset + Math.Max(1, length) - 1;

    // The ETag of an object in parts is no hash of the content.
    private CloudObject Describe(string name, long length, DateTime? modified, string? etag)
    {
        var hash = etag?.Trim('"');
        return new CloudObject(
            name,
            length,
            modified is { } time ? new DateTimeOffset(time.ToUniversalTime()) : null,
            _address.HasMd5 && hash?.Length == 32 ? hash : null);
    }

    private Task CheckBucketAsync(CancellationToken cancellationToken) => CallAsync(
        "",
        token => _session.Client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = _address.Bucket, Prefix = _address.Prefix, MaxKeys = 1 }, token),
        cancellationToken);

    private async Task MakeBucketAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CheckBucketAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            await CallAsync("", token => _session.Client.PutBucketAsync(_address.Bucket, token), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T> CallAsync<T>(string name, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await call(cancellationToken).ConfigureAwait(false);
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
            _session.ForgetKeys();
        return failure;
    }
}
