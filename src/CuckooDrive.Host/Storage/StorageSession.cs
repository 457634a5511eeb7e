using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Storage;

/// <summary>A storage as the storage commands use it: with the standard retries, time-outs and limits.</summary>
internal sealed class StorageSession : IAsyncDisposable
{
    private readonly ILoggerFactory _loggers;

    private StorageSession(ICloudStorage cloud, ILoggerFactory loggers)
    {
        Cloud = cloud;
        _loggers = loggers;
    }

    public ICloudStorage Cloud { get; }

    /// <summary>
    /// Checks the address and opens it, with the secrets that were given, else with those kept by <c>storage login</c>.
    /// Contacts nothing.
    /// </summary>
    public static StorageSession Open(CommandContext context, string url, CloudSignIn signIn)
    {
        var given = signIn.Given(url);
        return Open(context, url, given is not null ? new MemoryCredentialStore(given)
            : signIn.IsNeeded(url) ? AccountVault.Open(context.Paths).StoreFor(AccountName.Of(url)) : null);
    }

    public static StorageSession Open(CommandContext context, string url, ICredentialStore? credentials)
    {
        var loggers = CommandLoggers.Create(context);
        try
        {
            var bare = CloudRegistry.Default.Open(url, new CloudOpenOptions { Credentials = credentials, LoggerFactory = loggers });
            var options = new ResilientCloudOptions { Logger = context.Verbose ? loggers.CreateLogger("CuckooDrive.Clouds") : null };
            return new StorageSession(ResilientCloud.Wrap(bare, options), loggers);
        }
        catch
        {
            loggers.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cloud.DisposeAsync();
        _loggers.Dispose();
    }
}
