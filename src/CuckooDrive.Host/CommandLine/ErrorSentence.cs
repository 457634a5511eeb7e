using System.Net.Sockets;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.State;
using CuckooDrive.Mount.Fuse;

namespace CuckooDrive.Host.CommandLine;

/// <summary>Turns any failure into the one sentence that a user sees, and the exit status.</summary>
internal static class ErrorSentence
{
    private const int NoSpaceLeft = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;

    public static (string Sentence, int ExitStatus) For(Exception failure)
    {
        failure = Unwrap(failure);
        return failure switch
        {
            UserException user => (OneLine(user.Message), user.ExitStatus),
            DriveException { Kind: DriveErrorKind.LocalState } when FullDisk() is { } state =>
                ($"The disk with the drives' state ({state}) is full; free some space and run the command again.", ExitStatus.Failure),
            DriveException { Kind: DriveErrorKind.LocalState or DriveErrorKind.Damaged } when ForeignFile() is { } foreign => (OneLine(foreign), ExitStatus.Failure),
            DriveException drive => (OneLine(drive.Message), ForKind(drive.Kind)),
            CloudException cloud => (OneLine(cloud.Message), ForKind(cloud.Kind)),
            FuseMountException mount => (OneLine(mount.Message), ExitStatus.Failure),
            OperationCanceledException => ("Stopped before it was done; nothing was lost, run the command again.", ExitStatus.Failure),
            IOException io when (io.HResult & 0xFFFF) is NoSpaceLeft or QuotaExceeded =>
                ($"The local disk is full ({OneLine(io.Message).TrimEnd('.')}); free some space and run the command again.", ExitStatus.Failure),
            IOException io when (io.HResult & 0xFFFF) == ReadOnlyFileSystem =>
                ($"A folder that must be writable is read-only ({OneLine(io.Message).TrimEnd('.')}); set CUCKOO_HOME to a writable folder.", ExitStatus.Failure),
            UnauthorizedAccessException denied =>
                ($"Permission denied: {OneLine(denied.Message).TrimEnd('.')}; check who owns it, or run as the user who made the drive.", ExitStatus.Failure),
            IOException or SocketException => ($"{OneLine(failure.Message).TrimEnd('.')}; --verbose shows the details.", ExitStatus.Failure),
            _ => ($"Unexpected failure: {OneLine(failure.Message).TrimEnd('.')}; --verbose shows the details.", ExitStatus.Failure),
        };
    }

    /// <summary>
    /// The state folder when its disk is full: whatever fails then, such as a database, gives a reason of its own.
    /// </summary>
    private static string? FullDisk()
    {
        const long Little = 64 * 1024;
        try
        {
            var state = CuckooPaths.FromEnvironment().State;
            var existing = state;
            while (!Directory.Exists(existing))
                existing = Path.GetDirectoryName(existing) ?? "/";
            return new DriveInfo(existing).AvailableFreeSpace < Little ? state : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or UserException)
        {
            return null;
        }
    }

    /// <summary>
    /// A file in the state folder that this user may not use, such as a command leaves there that was run with sudo; null when there is none.
    /// </summary>
    private static string? ForeignFile()
    {
        if (OperatingSystem.IsWindows())
            return null;
        try
        {
            var state = CuckooPaths.FromEnvironment().State;
            var all = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
            if (Directory.EnumerateFileSystemEntries(state, "*", all).FirstOrDefault(NativeMethods.IsForbidden) is not { } file)
                return null;
            var (status, owner) = Tool.Run("stat", "-c", "%U", file);
            return status != 0 || owner == Environment.UserName ? null
                : $"'{file}' belongs to {owner} and cannot be used, perhaps since a command was once run with sudo; " +
                    $"give it back with: sudo chown -R {Environment.UserName} '{state}'";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or UserException)
        {
            return null;
        }
    }

    private static int ForKind(DriveErrorKind kind) =>
        kind == DriveErrorKind.InvalidOption ? ExitStatus.WrongUsage : ExitStatus.Failure;

    private static int ForKind(CloudErrorKind kind) =>
        kind == CloudErrorKind.InvalidAddress ? ExitStatus.WrongUsage : ExitStatus.Failure;

    private static Exception Unwrap(Exception failure)
    {
        while (failure is AggregateException { InnerExceptions.Count: 1 } aggregate)
            failure = aggregate.InnerExceptions[0];
        return failure;
    }

    private static string OneLine(string message) =>
        string.Join(' ', message.Split((char[])['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
