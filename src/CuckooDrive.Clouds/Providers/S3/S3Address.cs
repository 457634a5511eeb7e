using System.Globalization;

namespace CuckooDrive.Clouds.Providers.S3;

/// <summary>What an <c>s3://bucket/prefix?...</c> address says. Immutable.</summary>
/// <param name="Address">As the user wrote it.</param>
/// <param name="Bucket">The bucket's name.</param>
/// <param name="Prefix">What all keys begin with: empty, or with a slash at its end.</param>
/// <param name="Endpoint">The server; null for Amazon itself.</param>
internal sealed record S3Address(CloudAddress Address, string Bucket, string Prefix, Uri? Endpoint)
{
    private const string EndpointOption = "endpoint";
    private const string RegionOption = "region";
    private const string PathStyleOption = "path-style";
    private const string CreateOnceOption = "create-once";
    private const string HashOption = "hash";
    private const string MultipartOption = "multipart";
    private const string DomainOption = "domain";
    private const string DefaultRegion = "us-east-1";

    /// <summary>What one request may store, everywhere.</summary>
    private const long LargestPut = 5L << 30;

    private const long AmazonThreshold = 128L << 20;

    public string Region => Address.Options.GetValueOrDefault(RegionOption) ?? DefaultRegion;

    public bool HasRegion => Address.Options.ContainsKey(RegionOption);

    /// <summary>The bucket in the path and not in the host name, which only Amazon's own names are made for.</summary>
    public bool PathStyle => Address.Flag(PathStyleOption) ?? Endpoint is not null;

    public bool CreatesOnce => Address.Flag(CreateOnceOption) ?? true;

    public bool HasMd5 => Address.Options.GetValueOrDefault(HashOption) switch
    {
        null or "none" => false,
        "md5" => true,
        var other => throw CloudAddress.Invalid($"'{other}' is no value for the option 'hash'; write hash=md5 or hash=none."),
    };

    /// <summary>
    /// Larger objects are sent in parts. Amazon honours the precondition when the parts are put together; not every other server
    /// does, so there parts are used only where one request cannot hold the object.
    /// </summary>
    public long MultipartThreshold => Address.Options.TryGetValue(MultipartOption, out var text)
        ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mib) && mib is > 0 and <= 5120
            ? (long)mib << 20
            : throw CloudAddress.Invalid($"'{text}' is no value for the option 'multipart'; write a number of MiB from 1 to 5120.")
        : Endpoint is null ? AmazonThreshold : LargestPut;

    public string FailureDomain => Address.Options.GetValueOrDefault(DomainOption) ?? Endpoint?.Host ?? "amazonaws.com";

    /// <summary>The service for messages.</summary>
    public string Service => Endpoint is null ? "Amazon S3" : $"'{Endpoint.Host}'";

    public static S3Address Parse(CloudAddress address)
    {
        address.AllowOptions(
            EndpointOption, RegionOption, PathStyleOption, CreateOnceOption, HashOption, MultipartOption, DomainOption);
        if (string.IsNullOrEmpty(address.Host) || address.User is not null || address.Port is not null)
        {
            throw CloudAddress.Invalid(
                $"'{address}' is not the address of a bucket; write it as s3://bucket/prefix?region=..., with endpoint=https://... for other services.");
        }
        Uri? endpoint = null;
        if (address.Options.TryGetValue(EndpointOption, out var text))
        {
            // A bare host is what most services show.
            if (!text.Contains("://", StringComparison.Ordinal))
                text = $"https://{text}";
            if (!Uri.TryCreate(text, UriKind.Absolute, out endpoint) || endpoint.Scheme is not ("https" or "http") || endpoint.UserInfo.Length > 0)
                throw CloudAddress.Invalid($"'{text}' is not the address of a server; write endpoint=https://host.");
        }
        var prefix = string.Join('/', address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        var parsed = new S3Address(address, address.Host, prefix.Length == 0 ? "" : $"{prefix}/", endpoint);
        // What is misspelt is told at once, not at the first call.
        _ = (parsed.PathStyle, parsed.CreatesOnce, parsed.HasMd5, parsed.MultipartThreshold);
        return parsed;
    }
}
