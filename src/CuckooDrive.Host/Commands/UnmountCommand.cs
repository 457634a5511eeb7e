using System.CommandLine;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.State;
using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo unmount: takes a drive's folder away again.</summary>
internal static class UnmountCommand
{
    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where the drive is mounted" };
        var command = new Command("unmount", "Unmount a drive and wait until everything is safe on this machine") { mountPoint };
        command.WithExamples("cuckoo unmount ~/photos");
        command.Run((result, context, cancellation) => RunAsync(context, MountPoint.Resolve(result.GetValue(mountPoint)!), cancellation));
        return command;
    }

    private static async Task RunAsync(CommandContext context, string path, CancellationToken cancellation)
    {
        var mounted = MountTable.Find(path);
        // Several may name it: a crash leaves the record behind.
        foreach (var folders in context.Paths.AllDrives().Where(drive => ControlClient.ReadRecord(drive)?.MountPoint == path))
        {
            if (!await ControlClient.IsRunningAsync(folders, cancellation))
                continue;
            await AskToUnmountAsync(folders, path, cancellation);
            context.Terminal.Line($"Unmounted '{folders.Name}' from {path}; everything is safe on this machine.");
            return;
        }
        if (mounted is null)
            throw new UserException($"Nothing is mounted on '{path}'; 'cuckoo status' shows what is mounted where.");
        if (mounted.Type != MountPoint.CuckooType)
            throw new UserException($"'{path}' is not a drive of cuckoo but a mount of type {mounted.Type}; unmount it with: umount '{path}'");
        if (!MountTable.IsStale(path))
            throw new UserException($"The drive on '{path}' was mounted by another user or with another {CuckooPaths.HomeVariable}; unmount it as that user.");
        MountTable.CleanStale(path);
        context.Terminal.Line($"Removed the left-over mount of a crashed cuckoo from {path}; the next mount recovers what was written.");
    }

    private static async Task AskToUnmountAsync(DriveFolders folders, string path, CancellationToken cancellation)
    {
        var response = await ControlClient.SendAsync(folders, new ControlRequest(ControlRequest.Unmount), null, cancellation);
        if (response.Busy is not true)
            return;
        var users = OperatingSystem.IsLinux() ? OpenFiles.UsersOf(path) : [];
        throw new UserException(users.Count == 0
            ? $"'{path}' is in use; close the programs and shells that are in it, then run the command again."
            : $"'{path}' is in use by {string.Join(", ", users)}; close these programs or leave the folder, then run the command again.");
    }
}
