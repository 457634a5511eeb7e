using CuckooDrive.Clouds;

namespace CuckooDrive.Host.Credentials;

/// <summary>Which account an address belongs to: all addresses of one account share one entry of the vault.</summary>
internal static class AccountName
{
    /// <summary>Options that choose the server or tell two accounts of one provider apart, and no place in them.</summary>
    private static readonly string[] AccountOptions = ["domain", "endpoint", "tenant"];

    /// <summary>Scheme, user, host, port and such options; never the path.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/>.</exception>
    public static string Of(string url)
    {
        var address = CloudAddress.Parse(url);
        var user = address.User is null ? "" : Uri.EscapeDataString(address.User) + "@";
        var port = address.Port is { } number ? $":{number}" : "";
        var options = string.Join('&', AccountOptions.Where(address.Options.ContainsKey).Select(name => $"{name}={Uri.EscapeDataString(address.Options[name])}"));
        return $"{address.Scheme}:{(address.Host is null ? "" : $"//{user}{address.Host.ToLowerInvariant()}{port}")}{(options.Length > 0 ? "?" : "")}{options}";
    }
}
