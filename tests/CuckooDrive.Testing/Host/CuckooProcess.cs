using System.Diagnostics;

namespace CuckooDrive.Testing.Host;

/// <summary>Runs the built program as a real process. Thread safe.</summary>
public static class CuckooProcess
{
    /// <summary>No command of a test takes nearly that long: whoever reaches it hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>
    /// The executable: CUCKOO_EXECUTABLE, or beside the tests (a project that refers to CuckooDrive.Host), or where the
    /// host's own build puts it, in the same configuration.
    /// </summary>
    public static string Executable { get; } = Find();

    /// <summary>Runs a command to its end, with nothing on its standard input.</summary>
    /// <param name="environment">Replaces every CUCKOO_ variable of the tests' own environment; a null value removes one.</param>
    /// <param name="arguments">The command line after the program's name.</param>
    public static async Task<CuckooResult> RunAsync(IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        using var process = Start(Executable, environment, arguments);
        process.StandardInput.Close();
        return await WaitAsync(process, string.Join(' ', arguments));
    }

    /// <summary>Starts a command with all standard streams redirected; the caller waits and disposes.</summary>
    public static Process Start(string program, IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CUCKOO_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }

    /// <summary>Reads both streams to their end and waits; a process that hangs is killed and fails the test.</summary>
    public static async Task<CuckooResult> WaitAsync(Process process, string description)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{description}' did not end within {Patience}.\n--- output\n{await output}\n--- error\n{await error}");
        }
        return new CuckooResult(process.ExitCode, await output, await error);
    }

    /// <summary>Runs a program of the system to its end.</summary>
    public static async Task<CuckooResult> ToolAsync(string program, params string[] arguments)
    {
        using var process = Start(program, new Dictionary<string, string?>(), arguments);
        process.StandardInput.Close();
        return await WaitAsync(process, $"{program} {string.Join(' ', arguments)}");
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("CUCKOO_EXECUTABLE") is { Length: > 0 } given)
            return given;
        var beside = AppContext.BaseDirectory;
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(beside));
        string[] candidates =
        [
            Path.Combine(beside, "cuckoo"),
            Path.GetFullPath(Path.Combine(beside, "..", "..", "CuckooDrive.Host", configuration, "cuckoo")),
        ];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The program is not built; looked for {string.Join(" and ", candidates)}.");
    }
}
