using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo mount: shows a drive as a folder.</summary>
internal static class MountCommand
{
    private const string ChildOption = "--background-child";

    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "An empty folder" };
        var foreground = new Option<bool>("--foreground") { Description = "Stay in this terminal until unmounted or interrupted" };
        var readOnly = new Option<bool>("--read-only") { Description = "Change nothing, neither here nor at the clouds" };
        var allowOther = new Option<bool>("--allow-other") { Description = "Let other users of this machine in, as far as file permissions let them" };
        var durability = new Option<Durability>("--durability")
        {
            Description = "When fsync returns: data is on this machine's disk (local, the default) or on enough clouds (cloud)",
            HelpName = "local|cloud",
            CustomParser = argument =>
            {
                var text = argument.Tokens[0].Value;
                if (CommonOptions.TryParseDurability(text, out var value))
                    return value;
                argument.AddError($"--durability is '{text}'; it can be local or cloud");
                return default;
            },
        };
        var child = new Option<bool>(ChildOption) { Hidden = true };
        var command = new Command("mount", "Show a drive as a folder, in the background unless told otherwise")
        {
            name, mountPoint, foreground, readOnly, allowOther, durability, child,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples(
            "cuckoo mount photos ~/photos",
            "cuckoo mount photos /mnt/photos --allow-other --passphrase-file /etc/cuckoo/photos.pass",
            "cuckoo mount photos ~/photos --foreground --verbose");
        command.Run(async (result, context, cancellation) =>
        {
            var request = new MountRequest
            {
                Name = result.GetValue(name)!,
                MountPoint = MountPoint.Resolve(result.GetValue(mountPoint)!),
                ReadOnly = result.GetValue(readOnly),
                AllowOther = result.GetValue(allowOther),
                Durability = result.GetValue(durability),
            };
            if (result.GetValue(child))
                return await RunAsChildAsync(request, context);
            if (result.GetValue(foreground))
                return await MountInForegroundAsync(request, context, secrets.From(result), cancellation);
            await MountInBackgroundAsync(request, context, secrets.From(result), cancellation);
            return ExitStatus.Success;
        });
        return command;
    }

    /// <summary>Returns when the drive is mounted and a process of its own serves it.</summary>
    public static async Task MountInBackgroundAsync(
        MountRequest request, CommandContext context, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = await PrepareAsync(request, context, cancellation);
        using (var passphrase = Passphrases.Read(context, secrets, $"Passphrase of '{request.Name}': "))
            await BackgroundProcess.StartAsync(ArgumentsFor(request, context), folders, passphrase, cancellation);
        context.Terminal.Line(Mounted(request));
    }

    private static async Task<int> MountInForegroundAsync(
        MountRequest request, CommandContext context, SecretSource secrets, CancellationToken cancellation)
    {
        await PrepareAsync(request, context, cancellation);
        using var passphrase = Passphrases.Read(context, secrets, $"Passphrase of '{request.Name}': ");
        return await MountHost.RunAsync(request, context, passphrase, () =>
            context.Terminal.Line($"{Mounted(request)} Press Ctrl-C to unmount."));
    }

    private static async Task<int> RunAsChildAsync(MountRequest request, CommandContext context)
    {
        try
        {
            var folders = context.Paths.ExistingDrive(request.Name);
            using var passphrase = BackgroundProcess.Enter();
            return await MountHost.RunAsync(request, context, passphrase, () => BackgroundProcess.Report(new StartupReport(true), folders));
        }
        catch (Exception failure) // The child's root: what goes wrong is told to the parent, which prints it.
        {
            var (sentence, status) = ErrorSentence.For(failure);
            BackgroundProcess.Report(new StartupReport(false, sentence, status, failure.ToString()), null);
            return status;
        }
    }

    /// <summary>Everything that can be known to fail before a passphrase is asked for.</summary>
    private static async Task<DriveFolders> PrepareAsync(MountRequest request, CommandContext context, CancellationToken cancellation)
    {
        FileSystemMounter.CheckSupported();
        var folders = context.Paths.ExistingDrive(request.Name);
        if (await ControlClient.IsRunningAsync(folders, cancellation))
        {
            var place = ControlClient.ReadRecord(folders) is { } record
                ? $"is already mounted on '{record.MountPoint}'; use it there, or unmount it first with: cuckoo unmount '{record.MountPoint}'"
                : "is already being mounted by another process; wait for it or stop that process.";
            throw new UserException($"Drive '{request.Name}' {place}");
        }
        MountPoint.Prepare(request.MountPoint, context.Terminal.Note);
        _ = DriveSettings.OptionsFor(DriveSettings.Load(context.Paths), request.Name);
        return folders;
    }

    private static string Mounted(MountRequest request) =>
        $"Mounted '{request.Name}' on {request.MountPoint}{(request.ReadOnly ? " (read-only)" : "")}.";

    private static List<string> ArgumentsFor(MountRequest request, CommandContext context)
    {
        List<string> arguments = ["mount", request.Name, request.MountPoint, ChildOption];
        arguments.AddRange(["--durability", request.Durability == Durability.Cloud ? "cloud" : "local"]);
        if (request.ReadOnly)
            arguments.Add("--read-only");
        if (request.AllowOther)
            arguments.Add("--allow-other");
        if (context.Verbose)
            arguments.Add("--verbose");
        return arguments;
    }
}
