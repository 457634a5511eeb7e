using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo attach: an existing drive on a new machine.</summary>
internal static class AttachCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var clouds = CommonOptions.Clouds("A cloud of the drive, under an address that works here; give the option for each that still exists");
        var command = new Command("attach", "Bring an existing drive to this machine, from its clouds and its passphrase")
        {
            name, clouds,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo attach photos --cloud file:///mnt/nas/cuckoo --cloud file:///media/usb/cuckoo");
        command.Run((result, context, cancellation) => RunAsync(
            context, result.GetValue(name)!, result.GetValue(clouds)!, secrets.From(result), cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, string name, string[] clouds, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.Drive(name);
        if (folders.Exists)
            throw new UserException($"There is a drive '{name}' on this machine already; mount it, or choose another name.");
        await CloudChoices.CheckAsync(clouds);
        var options = new AttachDriveOptions
        {
            Name = name,
            Clouds = CloudChoices.From(clouds),
            DeviceName = Environment.MachineName,
        };
        using var passphrase = Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        using var loggers = CommandLoggers.Create(context);
        try
        {
            folders.Prepare();
            await ProgressView.RunAsync(context.Terminal, $"Attaching '{name}'", async view =>
            {
                void Report(AttachProgress step) => view.Report(step.Step, step.Done, step.Total);
                await Drive.AttachAsync(folders.Volume, options, passphrase, Services.Create(loggers), new Daemon.InlineProgress<AttachProgress>(Report), cancellation);
            });
        }
        catch
        {
            folders.RemoveUnlessDrive();
            throw;
        }
        context.Terminal.Line($"Attached drive '{name}'.");
        context.Terminal.Line($"Mount it with: cuckoo mount {name} MOUNTPOINT");
    }
}
