namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>The same kernel adapter over a plain file system in memory. It forgets its files when unmounted, so cold means: after dropping the kernel's caches.</summary>
internal sealed class FloorSubject(string folder) : ServerSubject(folder)
{
    public const string Name = "floor";

    public override bool Persistent => false;

    protected override ServerProcess StartServer() => new(Environment.ProcessPath!, ["floor", MountPoint]);
}
