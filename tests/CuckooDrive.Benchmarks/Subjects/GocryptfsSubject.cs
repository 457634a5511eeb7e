using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Subjects;

internal sealed class GocryptfsSubject(string folder) : ServerSubject(folder)
{
    public const string Name = "gocryptfs";

    private string PasswordFile => Path.Combine(Folder, "password");

    protected override async Task CreateAsync(CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(PasswordFile, Password, cancellation);
        await Tool.RunAsync(Name, ["-init", "-q", "-passfile", PasswordFile, Store], cancellation: cancellation);
    }

    protected override ServerProcess StartServer() => new(Name, ["-fg", "-q", "-passfile", PasswordFile, Store, MountPoint]);
}
