using System.Diagnostics;
using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Testing.Emulators;

/// <summary>
/// A script of tests/judges that makes a provider's own client, unmodified, work with an emulator, most through a
/// <see cref="TlsProxy"/>. A JavaScript client is installed from npm once, a Python client comes from Debian.
/// </summary>
public static class ClientJudge
{
    private static readonly string Modules = Path.Join(TestServer.Repository, "artifacts", "test-tools", "judges");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Fails with what the client complained of. The object "from-provider" holds <paramref name="written"/>.</summary>
    public static async Task RunAsync(string script, CloudEmulator emulator, byte[] written, params string[] packages)
    {
        foreach (var package in packages)
        {
            if (!Directory.Exists(Path.Join(Modules, "node_modules", package[..package.LastIndexOf('@')])))
                await RunAsync("npm", ["install", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error", "--prefix", Modules, .. packages], []);
        }
        using var proxy = new TlsProxy(emulator);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["ca.pem"], proxy.RootPem);
        // Debian's own Python, which has Debian's packages.
        var program = script.EndsWith(".py", StringComparison.Ordinal) ? "/usr/bin/python3" : "node";
        var output = await RunAsync(program, [Path.Join(TestServer.Repository, "tests", "judges", script)], new Dictionary<string, string>
        {
            ["JUDGE_MODULES"] = Modules,
            // Whatever would go elsewhere is refused.
            ["HTTPS_PROXY"] = proxy.Address.ToString(),
            ["NO_PROXY"] = "127.0.0.1",
            ["JUDGE_PROXY"] = proxy.Address.ToString(),
            ["JUDGE_CA"] = proxy.RootPem,
            ["JUDGE_CA_FILE"] = folder["ca.pem"],
            ["JUDGE_ADDRESS"] = emulator.Address.ToString(),
            ["JUDGE_TOKEN"] = emulator.Login.SignIn()[CloudSecret.AccessToken]!,
            ["JUDGE_SHA256"] = Convert.ToHexStringLower(SHA256.HashData(written)),
            ["NODE_EXTRA_CA_CERTS"] = folder["ca.pem"],
            ["REQUESTS_CA_BUNDLE"] = folder["ca.pem"],
        });
        if (!output.Contains("accepted", StringComparison.Ordinal))
            throw new InvalidOperationException($"{script} came to no judgement: {output}");
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        Directory.CreateDirectory(Modules);
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var complaints = process.StandardError.ReadToEndAsync(patience.Token);
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode == 0
                ? output
                : throw new InvalidOperationException($"{program} failed with {process.ExitCode}: {output}{await complaints}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
