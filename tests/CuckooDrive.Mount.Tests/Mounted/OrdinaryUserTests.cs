using CuckooDrive.Mount.Fuse;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Mounting without privileges, through fusermount3.</summary>
public sealed class OrdinaryUserTests : IDisposable
{
    private const int Nobody = 65534;
    private const string Device = "/dev/fuse";

    private static readonly Lock DeviceMode = new();

    private readonly string _folder = Mounts.NewMountPoint();
    private readonly string _mountPoint;
    private readonly string _program;

    public OrdinaryUserTests()
    {
        Assert.SkipWhen(MountedProcess.WhyUnavailable() is not null, MountedProcess.WhyUnavailable() ?? "");
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root to become another user");
        Assert.SkipUnless(File.Exists("/usr/bin/fusermount3"), "Package fuse3 is not installed");
        // As distributions have it; some containers do not.
        lock (DeviceMode)
            Assert.Equal(0, Posix.ChangeMode(Device, 0x1B6));
        Posix.ChangeMode(_folder, 0x1ED);
        _mountPoint = $"{_folder}/mount";
        Posix.MakeDirectory(_mountPoint);
        Posix.ChangeOwner(_mountPoint, Nobody, Nobody);
        _program = CopyProgram();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_user_alone_has_access_and_can_unmount()
    {
        await using var mount = await StartAsync();
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"echo content > {_mountPoint}/file && test \"$(cat {_mountPoint}/file)\" = content"));
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"test \"$(stat -c %u:%g {_mountPoint}/file)\" = {Nobody}:{Nobody}"));
        Assert.Equal(Minus.EACCES, Posix.TryStatus($"{_mountPoint}/file", out _));
        var entry = MountTable.Find(_mountPoint)!;
        Assert.Equal(("fuse.cuckoo", "test"), (entry.Type, entry.Source));
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"fusermount3 -u {_mountPoint}"));
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
    }

    [Fact]
    public async Task Modes_bind_the_user()
    {
        await using var mount = await StartAsync();
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"cd {_mountPoint} && echo content > file && chmod 0 file && ! cat file && ! test -r file && chmod 400 file && cat file && ! test -w file"));
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"cd {_mountPoint} && mkdir folder && touch folder/file && chmod 500 folder && ! touch folder/other && ! rm -f folder/file && test -e folder/file"));
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"fusermount3 -u {_mountPoint}"));
        await mount.WaitForExitAsync();
    }

    [Fact]
    public async Task A_signal_unmounts()
    {
        await using var mount = await StartAsync();
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"cd {_mountPoint} && mkdir a && touch a/b && ln a/b c && rm -r a && test -e c"));
        Assert.Equal(0, Posix.Signal(mount.ProcessId, 15));
        await mount.WaitForExitAsync();
        Assert.Equal(0, mount.ExitCode);
        Assert.False(MountTable.IsMountPoint(_mountPoint));
    }

    [Fact]
    public async Task Letting_others_in_needs_the_administrators_consent()
    {
        Assert.SkipWhen(
            File.Exists("/etc/fuse.conf") && File.ReadAllLines("/etc/fuse.conf").Contains("user_allow_other"), "It is given here");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync("allow-other"));
        Assert.Contains(nameof(FuseMountFailure.AllowOtherForbidden), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_fusermount3_is_named_with_the_remedy()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => MountedProcess.StartAsync(
            "/usr/bin/setpriv", UserArguments("/usr/bin/dotnet"), _mountPoint, new Dictionary<string, string> { ["PATH"] = "/nowhere" }));
        Assert.Contains("NoFusermount: fusermount3 is missing: install it (apt-get install fuse3).", failure.Message, StringComparison.Ordinal);
    }

    private Task<MountedProcess> StartAsync(params string[] flags) =>
        MountedProcess.StartAsync("setpriv", [.. UserArguments("dotnet"), .. flags], _mountPoint);

    private string[] UserArguments(string dotnet) =>
        [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", dotnet, _program, HelperProcess.Verb, "mount", _mountPoint];

    /// <summary>To where the user can read it: the repository may lie in a private folder.</summary>
    private string CopyProgram()
    {
        var source = Path.GetDirectoryName(typeof(OrdinaryUserTests).Assembly.Location)!;
        var target = Directory.CreateDirectory($"{_folder}/program").FullName;
        foreach (var file in Directory.GetFiles(source))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        return Path.Combine(target, Path.GetFileName(typeof(OrdinaryUserTests).Assembly.Location));
    }
}
