using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.State;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.Daemon;

/// <summary>
/// Both halves of a mount in the background. The parent starts this program again, hands the passphrase over through the
/// child's standard input and waits for one line of JSON on its standard output. The child leaves the session and, once
/// mounted, gives up all three standard streams, so that nothing that waits for the parent's output waits for the child.
/// </summary>
internal static class BackgroundProcess
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    /// <summary>Parent: returns when the child has mounted; its failure is thrown as a sentence.</summary>
    public static async Task StartAsync(IReadOnlyList<string> arguments, DriveFolders folders, SecretInput passphrase, CancellationToken cancellation)
    {
        var start = SelfStartInfo(arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (var secret in start.Environment.Keys.Where(name => name == Passphrases.Variable || name.StartsWith(SecretValues.VariablePrefix, StringComparison.Ordinal)).ToList())
            start.Environment.Remove(secret);
        // Where glibc gives each of many threads a heap of its own, what they free is spread over all of them and never given back.
        start.Environment.TryAdd("MALLOC_ARENA_MAX", "2");
        using var child = Process.Start(start) ?? throw new UserException("The background process could not be started.");
        var errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await passphrase.WriteToAsync(child.StandardInput.BaseStream, cancellation);
            child.StandardInput.Close();
            var line = await child.StandardOutput.ReadLineAsync(cancellation);
            var report = line is null ? null : JsonSerializer.Deserialize(line, ControlJson.Default.StartupReport);
            if (report is { Ready: true })
                return;
            await child.WaitForExitAsync(cancellation);
            throw report is not null
                ? new UserException(report.Error ?? "Mounting failed.", report.ExitStatus, report.Details is null ? null : new IOException(report.Details))
                : Died(child.ExitCode, folders, await errors);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(child);
            throw;
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            await StopAsync(child);
            throw Died(-1, folders, failure.Message);
        }
    }

    /// <summary>Child: leaves the terminal and working folder of its parent and reads the passphrase.</summary>
    public static SecretInput Enter()
    {
        if (NativeMethods.SetSessionId() < 0)
            throw new UserException($"The background process could not leave the terminal ({Marshal.GetLastPInvokeErrorMessage()}).");
        Directory.SetCurrentDirectory("/");
        using var input = StandardStreams.OpenInput();
        return SecretInput.ReadFrom(input);
    }

    /// <summary>Child: tells the parent how it went and lets go of the standard streams.</summary>
    public static void Report(StartupReport report, DriveFolders? folders)
    {
        if (!report.Ready || folders is null)
        {
            Tell(report);
            return;
        }
        // Whatever can fail comes before the word that all is well.
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var errors = PrivateFiles.Open(CrashFile(folders), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        Tell(report);
        RedirectStandardStreams(nothing, errors.SafeFileHandle);
    }

    private static void Tell(StartupReport report)
    {
        using var output = StandardStreams.OpenOutput();
        output.Write((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(report, ControlJson.Default.StartupReport), (byte)'\n']);
    }

    /// <summary>How this program starts itself: the executable, or "dotnet cuckoo.dll".</summary>
    public static ProcessStartInfo SelfStartInfo(IEnumerable<string> arguments)
    {
        var executable = Environment.ProcessPath ?? throw new UserException("The program's own path is not known.");
        var isDotnet = Path.GetFileNameWithoutExtension(executable).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        string[] prefix = isDotnet ? [Path.Combine(AppContext.BaseDirectory, "cuckoo.dll")] : [];
        return new ProcessStartInfo(executable, [.. prefix, .. arguments]);
    }

    /// <summary>
    /// Input and output become /dev/null; what the runtime prints when it crashes goes to a file beside the log. A closed
    /// descriptor would be worse than none: the next file opened would take its number.
    /// </summary>
    private static void RedirectStandardStreams(SafeFileHandle nothing, SafeFileHandle errors)
    {
        Redirect(nothing, 0);
        Redirect(nothing, 1);
        Redirect(errors, 2);
    }

    private static void Redirect(SafeFileHandle from, int target)
    {
        if (NativeMethods.DuplicateTo((int)from.DangerousGetHandle(), target) < 0)
            throw new IOException($"Descriptor {target} could not be redirected: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static string CrashFile(DriveFolders folders) => Path.Combine(Path.GetDirectoryName(folders.LogFile)!, "crash.log");

    private static UserException Died(int status, DriveFolders folders, string details) => new(
        $"The background process ended before it had mounted '{folders.Name}' (status {status}); see {folders.LogFile}, or run the command with --foreground.",
        ExitStatus.Failure,
        new IOException(details));

    /// <summary>
    /// Asks a child of this program to end in its own orderly way and waits for that: what it still did later would be
    /// done behind the back of whoever interrupted it. One that takes longer than the patience is left to end alone.
    /// </summary>
    public static async Task StopAsync(Process child)
    {
        const int Terminate = 15;
        if (!child.HasExited)
            _ = NativeMethods.Kill(child.Id, Terminate);
        using var patience = new CancellationTokenSource(StopPatience);
        await child.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
