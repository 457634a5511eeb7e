using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.State;
using DriveSettings = CuckooDrive.Host.State.DriveSettings;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo cloud add: one more cloud for a drive, mounted or not.</summary>
internal static class CloudAddCommand
{
    /// <summary>How long a drive that is not mounted may take to bring its metadata to the new cloud.</summary>
    private static readonly TimeSpan CheckpointPatience = TimeSpan.FromMinutes(1);

    public static Command Create()
    {
        var drive = CommonOptions.DriveName();
        var url = new Argument<string>("URL") { Description = "The address of an empty place to store to" };
        var name = new Option<string?>("--name") { Description = "What to call the cloud (default: the last part of its address)", HelpName = "TEXT" };
        var capacity = new Option<string?>("--capacity") { Description = "Store at most so much there, such as 50GiB (default: as much as fits)", HelpName = "SIZE" };
        var command = new Command("add", "Add a cloud to a drive, mounted or not, signing in where needed") { drive, url, name, capacity };
        var secrets = CloudSecretOptions.AddTo(command);
        var passphrase = SecretOptions.AddTo(command);
        command.WithExamples(
            "cuckoo cloud add photos file:///media/usb2/cuckoo",
            "cuckoo cloud add photos webdavs://me@cloud.example.org/cuckoo --capacity 50GiB");
        command.Run((result, context, cancellation) => RunAsync(
            context,
            result.GetValue(drive)!,
            new CloudChoice(result.GetValue(url)!) { Name = result.GetValue(name), Capacity = ParseCapacity(result.GetValue(capacity)) },
            secrets.From(result, context),
            passphrase.From(result),
            cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, string name, CloudChoice choice, CloudSignIn signIn, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.ExistingDrive(name);
        await Services.CheckAddressAsync(choice.Address);
        var mounted = await ControlClient.IsRunningAsync(folders, cancellation);
        using var passphrase = mounted ? null : Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        choice = choice with { Credential = await signIn.RunAsync(choice.Address, cancellation) };
        var (cloud, drive) = mounted
            ? await AddToMountedAsync(folders, choice, cancellation)
            : await AddAsync(context, folders, choice, passphrase!, cancellation);
        context.Terminal.Line($"Added the cloud '{cloud.Name}' to '{name}', which has {Plural.Of(drive.Clouds.Count, "cloud")} now.");
        context.Terminal.Line(Explain(drive.Redundancy));
    }

    private static string Explain(RedundancyStatus redundancy) =>
        $"Everything still lies on {Plural.Of(redundancy.DataShards + redundancy.ParityShards, "cloud")} at a time ({redundancy.DataShards}+{redundancy.ParityShards}) " +
        $"and survives the loss of any {Plural.Of(redundancy.Survives, "cloud")}; the new one takes its share of what is written from now on.";

    private static async Task<(CloudStatus Cloud, DriveStatus Drive)> AddToMountedAsync(
        DriveFolders folders, CloudChoice choice, CancellationToken cancellation)
    {
        var request = new ControlRequest(ControlRequest.AddCloud)
        {
            Cloud = new ControlCloud(choice.Address, choice.Name, choice.Capacity, choice.Credential?.Values),
        };
        var answer = await ControlClient.SendAsync(folders, request, null, cancellation);
        return (answer.Cloud!, answer.Status!.Drive);
    }

    private static async Task<(CloudStatus Cloud, DriveStatus Drive)> AddAsync(
        CommandContext context, DriveFolders folders, CloudChoice choice, Format.Secret passphrase, CancellationToken cancellation)
    {
        CloudStatus? cloud = null;
        DriveStatus? status = null;
        await ProgressView.RunAsync(context.Terminal, $"Adding to '{folders.Name}'", async view =>
        {
            await using var opened = await UnmountedDrive.OpenAsync(context, folders, passphrase, readOnly: false, cancellation);
            view.Report("preparing the cloud", 0, 0);
            cloud = await opened.Drive.AddCloudAsync(choice, cancellation);
            view.Report("bringing it the metadata", 0, 0);
            await TryCheckpointAsync(opened.Drive, cancellation);
            status = opened.Drive.GetStatus();
        });
        return (cloud!, status!);
    }

    /// <summary>The cloud is the drive's already: what cannot be done now is done by the next mount.</summary>
    private static async Task TryCheckpointAsync(Drive drive, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(CheckpointPatience);
        try
        {
            await drive.CheckpointAsync(patience.Token);
            await drive.FlushAsync(null, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Other clouds are away.
        }
    }

    private static long? ParseCapacity(string? text)
    {
        if (text is null)
            return null;
        return DriveSettings.TryParseSize(text, out var bytes) && bytes > 0
            ? bytes
            : throw UserException.Usage($"--capacity is '{text}', which is not a size; write it like 500MiB or 50GiB.");
    }
}
