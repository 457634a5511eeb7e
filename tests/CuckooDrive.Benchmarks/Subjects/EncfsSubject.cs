namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>Its standard mode; the first mount makes the encrypted folder.</summary>
internal sealed class EncfsSubject(string folder) : ServerSubject(folder)
{
    public const string Name = "encfs";

    protected override ServerProcess StartServer() =>
        new(Name, ["-f", "--stdinpass", "--standard", Store, MountPoint], Password + "\n");
}
