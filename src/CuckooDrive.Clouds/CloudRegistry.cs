using CuckooDrive.Clouds.Providers.Azure;
using CuckooDrive.Clouds.Providers.Box;
using CuckooDrive.Clouds.Providers.Dropbox;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Clouds.Providers.GoogleDrive;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Clouds.Providers.OneDrive;
using CuckooDrive.Clouds.Providers.Rclone;
using CuckooDrive.Clouds.Providers.S3;
using CuckooDrive.Clouds.Providers.Sftp;
using CuckooDrive.Clouds.Providers.Swift;
using CuckooDrive.Clouds.Providers.WebDav;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Clouds;

/// <summary>What a provider needs from its surroundings when it opens a storage.</summary>
public sealed record CloudOpenOptions
{
    public static CloudOpenOptions Default { get; } = new();

    /// <summary>
    /// Make the root (the folder, the bucket) if it is missing. Only for creating a drive: in daily use a missing root
    /// means an unplugged disk or a wrong account, and must be an error.
    /// </summary>
    public bool CreateRoot { get; init; }

    /// <summary>The account's secrets; null where none were given. Read at the first call that needs them, and written when tokens change.</summary>
    public ICredentialStore? Credentials { get; init; }

    /// <summary>
    /// Makes the handler under a provider's HTTP client, which disposes it; null for the system's own. Providers ignore it
    /// where a library makes its own connections.
    /// </summary>
    public Func<HttpMessageHandler>? HttpHandler { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>A scheme and how to open it.</summary>
/// <param name="Scheme">In lower case, without the colon.</param>
/// <param name="Example">An address to show in help and errors.</param>
/// <param name="Open">
/// Checks the address and returns the storage without contacting it: signing in and network errors belong to the first call.
/// Throws <see cref="CloudException"/> with <see cref="CloudErrorKind.InvalidAddress"/>.
/// </param>
public sealed record CloudProvider(string Scheme, string Example, Func<CloudAddress, CloudOpenOptions, ICloudStorage> Open)
{
    /// <summary>What must be asked before an address of this kind can be used. Checks the address no further than it needs.</summary>
    public Func<CloudAddress, CloudSignInNeed> SignIn { get; init; } = static _ => CloudSignInNeed.None;
}

/// <summary>Opens storages by address. Immutable and thread safe.</summary>
public sealed class CloudRegistry
{
    private readonly Dictionary<string, CloudProvider> _providers;

    public CloudRegistry(IEnumerable<CloudProvider> providers) =>
        _providers = providers.ToDictionary(provider => provider.Scheme, StringComparer.Ordinal);

    /// <summary>All providers of this library: one line each.</summary>
    public static CloudRegistry Default { get; } = new(
    [
        AzureStorage.Provider,
        BoxStorage.Provider,
        DropboxStorage.Provider,
        FolderStorage.Provider,
        GoogleDriveStorage.Provider,
        MemoryStorage.Provider,
        OneDriveStorage.Provider,
        RcloneStorage.Provider,
        S3Storage.Provider,
        SftpStorage.Provider,
        SwiftStorage.Provider,
        WebDavStorage.Provider,
        WebDavStorage.SecureProvider,
    ]);

    public IReadOnlyCollection<CloudProvider> Providers => _providers.Values;

    /// <summary>A registry that also knows the given providers; one of a known scheme replaces it.</summary>
    public CloudRegistry With(params ReadOnlySpan<CloudProvider> providers)
    {
        var all = new Dictionary<string, CloudProvider>(_providers, StringComparer.Ordinal);
        foreach (var provider in providers)
            all[provider.Scheme] = provider;
        return new CloudRegistry(all.Values);
    }

    /// <summary>
    /// Opens the bare storage of an address, without retries or limits (see <c>ResilientCloud</c>); the caller disposes it.
    /// Does not contact the provider, except that <see cref="CloudOpenOptions.CreateRoot"/> may make a local folder.
    /// </summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/> and a sentence for the user.</exception>
    public ICloudStorage Open(string url, CloudOpenOptions? options = null)
    {
        var address = CloudAddress.Parse(url);
        return Find(address).Open(address, options ?? CloudOpenOptions.Default);
    }

    /// <summary>What must be asked before this address can be used.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/> and a sentence for the user.</exception>
    public CloudSignInNeed SignInNeed(string url)
    {
        var address = CloudAddress.Parse(url);
        return Find(address).SignIn(address);
    }

    private CloudProvider Find(CloudAddress address)
    {
        if (_providers.TryGetValue(address.Scheme, out var provider))
            return provider;
        var known = string.Join(", ", _providers.Values.Select(each => each.Example).Order(StringComparer.Ordinal));
        throw CloudAddress.Invalid($"'{address.Scheme}' is not a known kind of cloud; known are: {known}.");
    }
}
