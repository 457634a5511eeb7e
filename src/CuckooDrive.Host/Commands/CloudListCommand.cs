using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo cloud list: where a drive stores.</summary>
internal static class CloudListCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var json = CommonOptions.Json();
        var command = new Command("list", "List the clouds of a drive with their state and space") { name, json };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo cloud list photos", "cuckoo cloud list photos --json");
        command.Run(async (result, context, cancellation) =>
        {
            var drive = result.GetValue(name)!;
            var clouds = await FindAsync(context, drive, secrets.From(result), cancellation);
            if (result.GetValue(json))
                OutputJson.Print(context.Terminal, new CloudListOutput(drive, clouds), OutputJson.Default.CloudListOutput);
            else
                StatusText.PrintClouds(context.Terminal, clouds);
        });
        return command;
    }

    private static async Task<IReadOnlyList<CloudStatus>> FindAsync(
        CommandContext context, string name, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.ExistingDrive(name);
        var answer = await ControlClient.TrySendAsync(folders, new ControlRequest(ControlRequest.Status), null, cancellation);
        if (answer?.Status is { } mounted)
            return mounted.Drive.Clouds;
        // The list of clouds is part of the drive's own encrypted configuration.
        using var passphrase = Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        await using var opened = await UnmountedDrive.OpenAsync(context, folders, passphrase, readOnly: true, cancellation);
        return opened.Drive.GetStatus().Clouds;
    }
}
