using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo flush: waits until all is protected.</summary>
internal static class FlushCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var command = new Command("flush", "Wait until everything written so far survives the loss of clouds and of this machine")
        {
            name,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo flush photos");
        command.Run((result, context, cancellation) => RunAsync(context, result.GetValue(name)!, secrets.From(result), cancellation));
        return command;
    }

    private static async Task RunAsync(CommandContext context, string name, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.ExistingDrive(name);
        var mounted = await ControlClient.IsRunningAsync(folders, cancellation);
        using var passphrase = mounted ? null : Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        await ProgressView.RunAsync(context.Terminal, $"Flushing '{name}'", async view =>
        {
            if (mounted)
            {
                if (ControlClient.ReadRecord(folders) is { ReadOnly: false } record)
                {
                    view.Report("taking over what programs wrote", 0, 0);
                    await Task.Run(() => MountedFiles.WriteBack(record.MountPoint), cancellation).WaitAsync(cancellation);
                }
                void Report(ControlProgress step) => view.Report(step.Step, step.Left, step.Total, Left(step.Left));
                await ControlClient.SendAsync(folders, new ControlRequest(ControlRequest.Flush), Report, cancellation);
                return;
            }
            await using var drive = await UnmountedDrive.OpenAsync(context, folders, passphrase!, readOnly: false, cancellation);
            var largest = 0L;
            void ReportOwn(FlushProgress step)
            {
                largest = Math.Max(largest, step.BytesLeft);
                view.Report(FlushText.Of(step, name), largest - step.BytesLeft, largest, Left(step.BytesLeft));
            }
            await drive.Drive.FlushAsync(new InlineProgress<FlushProgress>(ReportOwn), cancellation);
        });
        context.Terminal.Line($"All of '{name}' is protected.");
    }

    private static string Left(long bytes) => bytes > 0 ? $"{Terminal.Size(bytes)} left" : "";
}
