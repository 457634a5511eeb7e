using System.Diagnostics;

namespace CuckooDrive.Benchmarks.Support;

/// <summary>Runs programs to their end. A cancelled one is killed, with its children, by its id.</summary>
internal static class Tool
{
    /// <summary>Runs a program and returns its standard output.</summary>
    /// <exception cref="BenchmarkException">It could not be started, or ended with a status other than 0.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, ToolOptions? options = null, CancellationToken cancellation = default)
    {
        var (status, output, error) = await TryRunAsync(program, arguments, options, cancellation);
        return status == 0
            ? output
            : throw new BenchmarkException($"{Path.GetFileName(program)} ended with status {status}: {LastLine(error, output)}");
    }

    /// <summary>The same, for programs whose failure is an answer.</summary>
    public static async Task<(int Status, string Output, string Error)> TryRunAsync(
        string program, IEnumerable<string> arguments, ToolOptions? options = null, CancellationToken cancellation = default)
    {
        using var process = Start(program, arguments, options);
        try
        {
            if (options?.Input is { } input)
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Starts a program with redirected streams, outside every mount.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, ToolOptions? options = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options?.WorkingDirectory ?? "/",
        };
        foreach (var (name, value) in options?.Environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new BenchmarkException($"'{program}' could not be started: {failure.Message}", failure);
        }
    }

    /// <summary>The path of a program that a shell would find, or null.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    public static string LastLine(params string[] texts) => texts
        .SelectMany(text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(1))
        .FirstOrDefault() ?? "it said nothing";
}

internal sealed record ToolOptions
{
    public string? WorkingDirectory { get; init; }

    /// <summary>Added to this process's own.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Given on standard input, which is empty otherwise.</summary>
    public string? Input { get; init; }
}
