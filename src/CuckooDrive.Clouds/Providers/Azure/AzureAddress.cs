namespace CuckooDrive.Clouds.Providers.Azure;

/// <summary>What an <c>azblob://container/prefix</c> address says. Immutable.</summary>
/// <param name="Address">As the user wrote it.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Prefix">What all names of blobs begin with: empty, or with a slash at its end.</param>
/// <param name="Endpoint">Of the account's blobs, where it is not Azure's public one; null otherwise.</param>
internal sealed record AzureAddress(CloudAddress Address, string Container, string Prefix, Uri? Endpoint)
{
    private const string EndpointOption = "endpoint";
    private const string DomainOption = "domain";

    public string FailureDomain => Address.Options.GetValueOrDefault(DomainOption) ?? Endpoint?.Host ?? "azure";

    public static AzureAddress Parse(CloudAddress address)
    {
        address.AllowOptions(EndpointOption, DomainOption);
        if (string.IsNullOrEmpty(address.Host) || address.User is not null || address.Port is not null)
            throw CloudAddress.Invalid($"'{address}' is not the address of a container; write it as azblob://container/prefix.");
        Uri? endpoint = null;
        if (address.Options.TryGetValue(EndpointOption, out var text) &&
            (!Uri.TryCreate(text, UriKind.Absolute, out endpoint) || endpoint.Scheme is not ("https" or "http") || endpoint.Query.Length > 0))
            throw CloudAddress.Invalid($"'{text}' is not the address of a server; write endpoint=https://host.");
        var prefix = string.Join('/', address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        return new AzureAddress(address, address.Host, prefix.Length == 0 ? "" : $"{prefix}/", endpoint);
    }
}
