using System.CommandLine;
using System.Globalization;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo doctor: looks for what is wrong with this machine and with a drive, and changes nothing.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Description = "A drive to check; only this machine when left out", Arity = ArgumentArity.ZeroOrOne };
        var thorough = new Option<bool>("--thorough") { Description = "Also read and verify every object on every cloud" };
        var json = CommonOptions.Json();
        var command = new Command("doctor", "Check this machine, and whether a drive is consistent and complete; changes nothing")
        {
            name, thorough, json,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo doctor", "cuckoo doctor photos", "cuckoo doctor photos --thorough --json");
        command.Run(async (result, context, cancellation) =>
        {
            var drive = result.GetValue(name);
            var checks = MachineChecks.Run(context.Paths);
            var report = drive is null
                ? null
                : await CheckAsync(context, drive, result.GetValue(thorough), secrets.From(result), cancellation);
            var healthy = checks.All(check => check.Ok) && report is null or { IsHealthy: true };
            var output = new DoctorOutput(healthy, checks, report);
            if (result.GetValue(json))
                OutputJson.Print(context.Terminal, output, OutputJson.Default.DoctorOutput);
            else
                Print(context.Terminal, output);
            return healthy ? ExitStatus.Success : ExitStatus.Failure;
        });
        return command;
    }

    private static async Task<DoctorReport> CheckAsync(
        CommandContext context, string name, bool thorough, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.ExistingDrive(name);
        var mounted = await ControlClient.IsRunningAsync(folders, cancellation);
        using var passphrase = mounted ? null : Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        DoctorReport? report = null;
        await ProgressView.RunAsync(context.Terminal, $"Checking '{name}'", async view =>
        {
            if (mounted)
            {
                var request = new ControlRequest(ControlRequest.Check) { Thorough = thorough };
                void Report(ControlProgress step) => view.Report(step.Step, step.Left, step.Total);
                report = (await ControlClient.SendAsync(folders, request, Report, cancellation)).Report;
                return;
            }
            void ReportOwn(DoctorProgress step) => view.Report(step.Step, step.Done, step.Total);
            await using var opened = await UnmountedDrive.OpenAsync(context, folders, passphrase!, readOnly: true, cancellation);
            report = await opened.Drive.CheckAsync(thorough, new InlineProgress<DoctorProgress>(ReportOwn), cancellation);
        });
        return report!;
    }

    private static void Print(Terminal terminal, DoctorOutput output)
    {
        foreach (var check in output.Checks)
            terminal.Line($"{(check.Ok ? "ok     " : "PROBLEM")}  {check.Name}: {check.Message}");
        if (output.Drive is not null)
        {
            foreach (var fact in output.Drive.Facts)
                terminal.Line($"ok       {fact.Name}: {fact.Value.ToString("N0", CultureInfo.InvariantCulture)}");
            foreach (var finding in output.Drive.Findings)
                terminal.Line($"{(finding.Severity == DoctorSeverity.Error ? "PROBLEM" : "warning")}  {finding.Area}: {finding.Message}");
        }
        terminal.Line(output.Healthy ? "All is well." : "Something is wrong; see the lines marked PROBLEM.");
    }
}
