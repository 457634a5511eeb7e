using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Subjects;

internal sealed class SecurefsSubject(string folder) : ServerSubject(folder)
{
    public const string Name = "securefs";

    protected override Task CreateAsync(CancellationToken cancellation) =>
        Tool.RunAsync(Name, ["create", "--pass", Password, Store], cancellation: cancellation);

    protected override ServerProcess StartServer() => new(Name, ["mount", "--pass", Password, Store, MountPoint]);
}
