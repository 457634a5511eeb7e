using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Clouds;

/// <summary>The installed rclone, talking to one cloud of the farm with its own defaults.</summary>
internal sealed class RcloneRemote
{
    public const string Program = "rclone";
    private const string Remote = "cloud:";
    private readonly string _configuration;

    private RcloneRemote(string configuration) => _configuration = configuration;

    public static async Task<RcloneRemote> CreateAsync(CloudFarm farm, string folder, CancellationToken cancellation)
    {
        var configuration = Path.Combine(folder, "rclone.conf");
        var password = await Tool.RunAsync(Program, ["obscure", farm.Password], cancellation: cancellation);
        await File.WriteAllTextAsync(configuration, $"""
            [{Remote.TrimEnd(':')}]
            type = webdav
            vendor = other
            url = http://{farm.HostOf(0)}/dav
            user = {CloudFarm.User}
            pass = {password.Trim()}

            """, cancellation);
        return new RcloneRemote(configuration);
    }

    public Task CopyInAsync(string source, string name, CancellationToken cancellation, params string[] arguments) =>
        RunAsync(["copy", source, Remote + name, .. arguments], cancellation);

    public Task CopyOutAsync(string name, string target, CancellationToken cancellation) => RunAsync(["copy", Remote + name, target], cancellation);

    public Task RemoveAsync(string name, CancellationToken cancellation) => RunAsync(["purge", Remote + name], cancellation);

    public static async Task<string> VersionAsync(CancellationToken cancellation) =>
        (await Tool.RunAsync(Program, ["version"], cancellation: cancellation)).Split('\n')[0].Trim();

    private Task RunAsync(string[] arguments, CancellationToken cancellation) =>
        Tool.RunAsync(Program, ["--config", _configuration, .. arguments], cancellation: cancellation);
}
