using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Output;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo status: how a drive, all drives or some files are doing.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Description = "The drive; all drives when left out", Arity = ArgumentArity.ZeroOrOne };
        var paths = new Argument<string[]>("PATH") { Description = "Files whose protection to show: below the mount point, or relative to the drive", Arity = ArgumentArity.ZeroOrMore };
        var json = CommonOptions.Json();
        var command = new Command("status", "Show clouds, space, the upload queue and how safe everything is")
        {
            name, paths, json,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples(
            "cuckoo status",
            "cuckoo status photos",
            "cuckoo status photos ~/photos/2024/beach.jpg",
            "cuckoo status photos --json");
        command.Run((result, context, cancellation) =>
        {
            var drive = result.GetValue(name);
            var asJson = result.GetValue(json);
            return drive is null
                ? ShowAllAsync(context, asJson, cancellation)
                : ShowAsync(context, drive, result.GetValue(paths) ?? [], asJson, secrets.From(result), cancellation);
        });
        return command;
    }

    private static async Task ShowAllAsync(CommandContext context, bool json, CancellationToken cancellation)
    {
        var all = new List<StatusOutput>();
        foreach (var folders in context.Paths.AllDrives())
        {
            try
            {
                var answer = await ControlClient.TrySendAsync(folders, new ControlRequest(ControlRequest.Status), null, cancellation);
                all.Add(StatusOutput.From(folders.Name, answer?.Status));
            }
            catch (Exception failure) when (failure is UserException or IOException)
            {
                // One that is just being closed, say, must not hide the others.
                context.Terminal.Note($"'{folders.Name}' does not tell its status: {failure.Message}");
                all.Add(StatusOutput.From(folders.Name, null));
            }
        }
        if (json)
        {
            OutputJson.Print(context.Terminal, new StatusListOutput(all), OutputJson.Default.StatusListOutput);
            return;
        }
        if (all.Count == 0)
        {
            context.Terminal.Line("There is no drive on this machine yet; 'cuckoo create --help' shows how to make one.");
            return;
        }
        context.Terminal.Table(["Drive", "Mounted on", "Protection", "Free", "To upload"], all.Select(each => (IReadOnlyList<string>)
        [
            each.Name,
            each.MountPoint ?? "not mounted",
            each.Protection is { } protection ? StatusText.Of(protection) : "",
            each.CapacityFree is { } free ? Terminal.Size(free) : "",
            each.Queue is { } queue ? Terminal.Size(queue.Bytes) : "",
        ]));
    }

    private static async Task ShowAsync(
        CommandContext context, string name, string[] paths, bool json, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.ExistingDrive(name);
        var status = await FindAsync(context, folders, paths, secrets, cancellation);
        if (json)
            OutputJson.Print(context.Terminal, status, OutputJson.Default.StatusOutput);
        else if (paths.Length > 0)
            StatusText.PrintFiles(context.Terminal, status.Files!);
        else
            StatusText.Print(context.Terminal, status, folders);
        if (status.Files?.FirstOrDefault(file => file.Protection is null) is { } missing)
            throw new UserException($"There is no file '{missing.Path}' on drive '{name}'; give a path below its mount point or relative to its root.");
    }

    private static async Task<StatusOutput> FindAsync(
        CommandContext context, DriveFolders folders, string[] paths, SecretSource secrets, CancellationToken cancellation)
    {
        var answer = await ControlClient.TrySendAsync(folders, new ControlRequest(ControlRequest.Status), null, cancellation);
        if (answer?.Status is { } mounted)
        {
            var status = StatusOutput.From(folders.Name, mounted);
            if (paths.Length == 0)
                return status;
            var inside = paths.Select(path => DrivePath.Of(path, mounted.MountPoint)).ToArray();
            var request = new ControlRequest(ControlRequest.Protection) { Paths = inside };
            var files = (await ControlClient.SendAsync(folders, request, null, cancellation)).Protection!;
            return status with { Files = [.. files.Zip(paths, (file, path) => new FileOutput(path, file.Protection))] };
        }
        // Without a passphrase only the folders say something; asking for one would make a look at the state a nuisance.
        using var given = Passphrases.TryReadSilently(context, secrets);
        if (given is null && paths.Length == 0)
            return StatusOutput.From(folders.Name, null);
        using var passphrase = given?.Open() ?? Passphrases.ReadSecret(context, SecretSource.None, $"Passphrase of '{folders.Name}': ");
        await using var opened = await UnmountedDrive.OpenAsync(context, folders, passphrase, readOnly: true, cancellation);
        var found = StatusOutput.From(folders.Name, null).With(opened.Drive.GetStatus());
        return paths.Length == 0 ? found : found with { Files = await ProtectionAsync(opened.Drive, paths, cancellation) };
    }

    private static async Task<IReadOnlyList<FileOutput>> ProtectionAsync(Drive drive, string[] paths, CancellationToken cancellation)
    {
        var files = new List<FileOutput>();
        foreach (var path in paths)
            files.Add(new FileOutput(path, await drive.GetProtectionAsync(path.Trim('/'), cancellation)));
        return files;
    }
}
