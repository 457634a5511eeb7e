using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Credentials;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo attach: an existing drive on a new machine.</summary>
internal static class AttachCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var clouds = CommonOptions.Clouds("A cloud of the drive, under an address that works here; give the option for each that still exists");
        var acceptLoss = new Option<bool>("--accept-loss")
        {
            Description = "Bring back the newest complete state although later changes are known to be lost with clouds that are missing",
        };
        var command = new Command("attach", "Bring an existing drive to this machine, from its clouds and its passphrase")
        {
            name, clouds, acceptLoss,
        };
        var secrets = SecretOptions.AddTo(command);
        var cloudSecrets = CloudSecretOptions.AddTo(command);
        command.WithExamples("cuckoo attach photos --cloud file:///mnt/nas/cuckoo --cloud file:///media/usb/cuckoo");
        command.Run((result, context, cancellation) => RunAsync(
            context, new AttachDriveOptions
            {
                Name = result.GetValue(name)!,
                Clouds = CloudChoices.From(result.GetValue(clouds)!),
                DeviceName = Environment.MachineName,
                AcceptLoss = result.GetValue(acceptLoss),
            },
            secrets.From(result), cloudSecrets.From(result, context), cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, AttachDriveOptions options, SecretSource secrets, CloudSignIn signIn, CancellationToken cancellation)
    {
        var name = options.Name;
        var folders = context.Paths.Drive(name);
        if (folders.Exists)
            throw new UserException($"There is a drive '{name}' on this machine already; mount it, or choose another name.");
        await CloudChoices.CheckAsync(options.Clouds);
        using var passphrase = Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        options = options with { Clouds = await CloudChoices.SignInAsync(options.Clouds, signIn, cancellation) };
        using var loggers = CommandLoggers.Create(context);
        AttachReport? report = null;
        await folders.MakeAsync(() => ProgressView.RunAsync(context.Terminal, $"Attaching '{name}'", async view =>
        {
            void Report(AttachProgress step) => view.Report(step.Step, step.Done, step.Total);
            report = await Drive.AttachAsync(folders.Volume, options, passphrase, Services.Create(loggers), new Daemon.InlineProgress<AttachProgress>(Report), cancellation);
        }));
        foreach (var warning in report!.Warnings)
            context.Terminal.Note($"Warning: {warning}");
        context.Terminal.Line($"Attached drive '{name}' as it was on {report.Updated.ToLocalTime():yyyy-MM-dd HH:mm:ss}.");
        context.Terminal.Line($"Mount it with: cuckoo mount {name} MOUNTPOINT");
    }
}
