using System.Globalization;
using CuckooDrive.Mount.Fuse;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Root's mount that lets nobody else in: the kernel asks instead of checking modes itself.</summary>
public sealed class RootOnlyTests : IAsyncLifetime
{
    private const int Exists = 0;
    private const int Execute = 1;
    private const int Write = 2;
    private const int Read = 4;

    private readonly string _mountPoint = Mounts.NewMountPoint();
    private MountedProcess? _mount;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(MountedProcess.WhyUnavailable() is not null, MountedProcess.WhyUnavailable() ?? "");
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root");
        _mount = await Mounts.StartAsync(_mountPoint);
    }

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null)
            await _mount.DisposeAsync();
        Directory.Delete(_mountPoint);
    }

    [Fact]
    public async Task Nobody_else_may_enter()
    {
        File.WriteAllText($"{_mountPoint}/file", "content");
        Assert.Equal(0, Posix.ChangeMode(_mountPoint, 0x1FF));
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync($"cat {_mountPoint}/file"));
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync($"ls {_mountPoint}"));
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync($"touch {_mountPoint}/other"));
    }

    [Fact]
    public async Task The_kernel_grants_it_a_share_of_dirty_pages()
    {
        var folder = $"/sys/class/bdi/{MountTable.Find(_mountPoint)!.Device}";
        Assert.SkipUnless(File.Exists($"{folder}/strict_limit") && Posix.Access($"{folder}/strict_limit", Write) == 0, "the kernel is older than 6.2, or its settings cannot be changed");
        // Set soon after the mount can be seen: the strict limit last, which is 1 from the start, unless nothing could be granted.
        for (var attempt = 0; attempt < 500 && Value("min_ratio") == 0 && Value("strict_limit") == 1; attempt++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.SkipWhen(Value("strict_limit") == 0 && Value("max_ratio") == 50, "other mounts were granted all there is");
        Assert.InRange(Value("min_ratio"), 8, 50);
        Assert.Equal(Value("max_ratio"), Value("min_ratio"));
        Assert.Equal(1, Value("strict_limit"));

        int Value(string name) => int.Parse(File.ReadAllText($"{folder}/{name}"), CultureInfo.InvariantCulture);
    }

    /// <summary>As on ext4: root reads and writes what it likes, and runs what somebody may run.</summary>
    [Theory]
    [InlineData(0, Minus.EACCES)]
    [InlineData(0x124, Minus.EACCES)]
    [InlineData(0x1B6, Minus.EACCES)]
    [InlineData(0x40, 0)]
    [InlineData(0x8, 0)]
    [InlineData(0x1, 0)]
    public async Task Modes_bind_root_in_running_alone(int mode, int mayRun)
    {
        var file = $"{_mountPoint}/program{mode}";
        File.WriteAllText(file, "#!/bin/sh\nexit 0\n");
        Assert.Equal(0, Posix.ChangeMode(file, mode));
        Assert.Equal(0, Posix.Access(file, Exists));
        Assert.Equal(0, Posix.Access(file, Read | Write));
        Assert.Equal(mayRun, Posix.Access(file, Execute));
        Assert.Equal(mayRun, Posix.Access(file, Read | Execute));
        Assert.Equal(mayRun == 0, await Shell.RunAsync("sh", "-c", file) == 0);
        File.AppendAllText(file, "# more\n");
        Assert.EndsWith("# more\n", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_of_any_mode_can_be_entered_and_changed()
    {
        var folder = $"{_mountPoint}/folder";
        Assert.Equal(0, Posix.MakeDirectory(folder));
        Assert.Equal(0, Posix.ChangeMode(folder, 0));
        Assert.Equal(0, Posix.Access(folder, Read | Write | Execute));
        Assert.Equal(0, await Shell.RunAsync("sh", "-c", $"cd {folder} && echo content > file && mv file other && test \"$(cat other)\" = content && rm other"));
        Assert.Equal(Minus.ENOENT, Posix.Access($"{folder}/other", Exists));
    }
}
