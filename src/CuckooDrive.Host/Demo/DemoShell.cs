using System.Diagnostics;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Demo;

/// <summary>
/// Types the commands of the demonstration as a person would: each is this program again in a process of its own. Above
/// all the mount: a process must never touch what it serves itself.
/// </summary>
internal sealed class DemoShell(Terminal terminal, string home, string passphrase)
{
    public async Task RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        terminal.Line($"      $ cuckoo {string.Join(' ', arguments)}");
        var (status, output, error) = await StartAsync(arguments, cancellation);
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            terminal.Line($"      {line}");
        if (status != ExitStatus.Success)
            throw new UserException($"The demonstration failed: 'cuckoo {arguments[0]}' ended with status {status}: {error.Trim()}");
    }

    /// <summary>Without a word, for cleaning up: whether it succeeded.</summary>
    public async Task<bool> TryAsync(params string[] arguments) =>
        (await StartAsync(arguments, CancellationToken.None)).Status == ExitStatus.Success;

    private async Task<(int Status, string Output, string Error)> StartAsync(string[] arguments, CancellationToken cancellation)
    {
        var start = BackgroundProcess.SelfStartInfo(arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment[CuckooPaths.HomeVariable] = home;
        start.Environment[Passphrases.Variable] = passphrase;
        // So small that reading goes to the clouds and not to copies on this machine.
        start.Environment[DriveSettings.EnvironmentPrefix + "DiskCacheLimit"] = "16MiB";
        start.Environment[DriveSettings.EnvironmentPrefix + "MemoryCacheLimit"] = "16MiB";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            await BackgroundProcess.StopAsync(process); // It could mount again what is about to be cleaned up.
            throw;
        }
        return (process.ExitCode, await output, await error);
    }
}
