using System.Diagnostics;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse;
using CuckooDrive.Testing.FileSystems;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Mount.Tests.Support;

/// <summary>What this program does when it is started as another process by a test.</summary>
internal static class HelperProcess
{
    public const string Verb = "helper";

    /// <summary>How to start it: "dotnet this.dll helper ...".</summary>
    public static string[] Arguments(params string[] arguments) =>
        [typeof(HelperProcess).Assembly.Location, Verb, .. arguments];

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["mount", var mountPoint, .. var flags]:
                return await MountAsync(mountPoint, flags);
            case ["get-attribute", var path, var name]:
                return (int)-Posix.GetAttribute(path, name, new byte[64]);
            case ["list-attributes", var path]:
                return ListAttributes(path);
            case ["record-lock", var path]:
                return -TryRecordLock(path);
            case ["file-lock", var path]:
                return -TryFileLock(path);
            default:
                await Console.Error.WriteLineAsync("unknown helper");
                return 2;
        }
    }

    /// <summary>Runs one and returns its exit status.</summary>
    public static async Task<int> CallAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    public static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", Arguments(arguments)))!;

    public static Process StartQuietly(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", Arguments(arguments)) { RedirectStandardError = true, RedirectStandardOutput = true })!;

    private static async Task<int> MountAsync(string mountPoint, string[] flags)
    {
        var options = new FuseMountOptions
        {
            Name = "test",
            ReadOnly = flags.Contains("read-only"),
            AllowOther = flags.Contains("allow-other"),
            AllowSetUserId = flags.Contains("suid"),
            AllowDevices = flags.Contains("dev"),
        };
        try
        {
            await FloorMount.RunAsync(mountPoint, options, memory => Decorate(memory, flags), NullLogger.Instance);
            await Console.Error.WriteLineAsync($"written {FaultyFileSystem.BytesWritten}");
            return 0;
        }
        catch (FuseMountException exception)
        {
            await Console.Error.WriteLineAsync($"{exception.Failure}: {exception.Message}");
            return 1;
        }
    }

    private static IFileSystem Decorate(IFileSystem memory, string[] flags)
    {
        if (flags.Contains("faulty"))
            memory = FaultyFileSystem.Around(memory, flags.Contains("slow"));
        return flags.Contains("asynchronous") ? new AsynchronousFileSystem(memory) : memory;
    }

    private static int TryRecordLock(string path)
    {
        var file = Posix.Open(path, Posix.ReadWrite);
        return Posix.TryRecordLock(file);
    }

    private static int ListAttributes(string path)
    {
        var list = new byte[65_536];
        var length = (int)Posix.ListAttributes(path, list);
        Console.Write(System.Text.Encoding.UTF8.GetString(list, 0, Math.Max(0, length)).Replace("\0", "", StringComparison.Ordinal));
        return length < 0 ? 1 : 0;
    }

    private static int TryFileLock(string path)
    {
        var file = Posix.Open(path, Posix.ReadWrite);
        return Posix.Lock(file, exclusive: true, wait: false);
    }
}
