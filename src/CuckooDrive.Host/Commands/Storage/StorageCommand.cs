using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.Storage;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage: the common API by itself. An address names a root; objects are further arguments.</summary>
internal static class StorageCommand
{
    public static Command Create() => new("storage", "Use any cloud by itself: list, read, write and check it")
    {
        StorageListCommand.Create(),
        StorageCatCommand.Create(),
        StoragePutCommand.Create(),
        StorageGetCommand.Create(),
        StorageRemoveCommand.Create(),
        StorageStatCommand.Create(),
        StorageQuotaCommand.Create(),
        StorageCheckCommand.Create(),
        StorageLoginCommand.Create(),
        StorageLogoutCommand.Create(),
    };

    public static Argument<string> Url() => new("URL")
    {
        Description = $"The address of a storage, such as {string.Join(", ", CloudRegistry.Default.Providers.Select(each => each.Example).Order(StringComparer.Ordinal))}",
    };

    public static Argument<string> ObjectName(string description = "The object's name below the address, such as folder/name") =>
        new("NAME") { Description = description };

    /// <summary>
    /// Sets what a command does with an opened storage; what the storage reports becomes a sentence with the next step.
    /// </summary>
    /// <param name="command">Gets the URL's argument from <paramref name="url"/>.</param>
    /// <param name="url">The address.</param>
    /// <param name="name">The object that the command is about, for messages; null for none.</param>
    /// <param name="action">Returns the exit status. Borrows the storage.</param>
    public static void RunWithStorage(
        this Command command, Argument<string> url, Argument<string>? name, Func<StorageCall, CancellationToken, Task<int>> action)
    {
        var secrets = CloudSecretOptions.AddTo(command, asks: false);
        command.Run(async (result, context, cancellation) =>
        {
            var address = result.GetValue(url)!;
            var about = name is null ? null : result.GetValue(name);
            try
            {
                await using var session = StorageSession.Open(context, address, secrets.From(result, context));
                return await action(new StorageCall(result, context, session.Cloud, address), cancellation);
            }
            catch (CloudException failure)
            {
                throw StorageErrors.Explain(failure, address, about);
            }
        });
    }
}

/// <summary>One run of a storage command.</summary>
/// <param name="Result">The parsed command line.</param>
/// <param name="Context">What commands work with.</param>
/// <param name="Cloud">The opened storage; borrowed.</param>
/// <param name="Url">Its address as it was given.</param>
internal sealed record StorageCall(ParseResult Result, CommandContext Context, ICloudStorage Cloud, string Url)
{
    public Terminal Terminal => Context.Terminal;

    /// <summary>The object, or a failure that says that there is none.</summary>
    public async Task<CloudObject> ExistingAsync(string name, CancellationToken cancellation) =>
        await Cloud.StatAsync(name, cancellation) ?? throw StorageErrors.Missing(Url, name);
}
