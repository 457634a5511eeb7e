using CuckooDrive.Testing.Host;

namespace CuckooDrive.Host.Tests.Applications;

/// <summary>Runs applications by scripts of bash, every line of which must succeed.</summary>
internal static class Shell
{
    /// <summary>Whatever the developer's own settings are, the applications see none of them.</summary>
    private const string Prologue = """
        set -euo pipefail
        umask 022
        export LC_ALL=C TZ=UTC GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
        fail() { echo "$*" >&2; exit 1; }

        """;

    /// <summary>Fails with a sentence that says what to do when a program is missing: no test is skipped for that.</summary>
    public static void Require(params string[] programs)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"]).ToList();
        foreach (var program in programs)
            Assert.True(folders.Any(folder => File.Exists(Path.Combine(folder, program))), $"'{program}' is missing here; ./build.sh test installs it.");
    }

    /// <summary>Runs a script in a folder and returns what it printed; fails the test with everything printed when a command fails.</summary>
    /// <param name="folder">The script's working folder.</param>
    /// <param name="script">Its arguments are $1, $2 and so on.</param>
    public static async Task<string> RunAsync(string folder, string script, params string[] arguments)
    {
        var result = await TryAsync(folder, script, arguments);
        Assert.True(result.ExitStatus == 0, $"The script ended with status {result.ExitStatus}.\n{script}\n--- output\n{result.Output}\n--- error\n{result.Error}");
        return result.Output;
    }

    /// <summary>Runs a script that may fail.</summary>
    public static Task<CuckooResult> TryAsync(string folder, string script, params string[] arguments) =>
        CuckooProcess.ToolAsync("bash", ["-c", "cd -- \"$1\"; shift\n" + Prologue + script, "bash", folder, .. arguments]);
}
