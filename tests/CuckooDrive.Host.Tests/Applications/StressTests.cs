namespace CuckooDrive.Host.Tests.Applications;

/// <summary>stress-ng, whose stressors verify what they read back.</summary>
public sealed class StressTests
{
    /// <summary>
    /// What cannot pass on any file system here, and why: bind-mount needs the privileges of a mount namespace, binderfs a
    /// kernel with it, verity a file system with fs-verity (ext4 without it skips as well). procfs and ioprio never touch the mount;
    /// io syncs every mount of the machine, those of other programs too.
    /// </summary>
    private const string Excluded = "bind-mount,binderfs,verity,procfs,ioprio,io";

    /// <summary>
    /// Of other classes, but they work on files: by memory, asynchronously, by splicing. io-uring is left out: its stressor
    /// asks for the status of a file by a name that it has removed, which fails on ext4 and tmpfs too.
    /// </summary>
    private const string FileStressors =
        "--msync 1 --mmap 1 --mmap-file --mmap-bytes 16m --msyncmany 1 --readahead 1 --readahead-bytes 16m --sendfile 1 " +
        "--seek 1 --seek-size 16m --revio 1 --revio-bytes 16m --aio 1 --aiol 1 --fault 1 --splice 1";

    /// <summary>All at once: one after another they would take a minute.</summary>
    [Fact]
    public Task The_file_system_class_verifies() => RunAsync($"--class filesystem --exclude {Excluded} --all 1");

    [Fact]
    public Task Mapped_asynchronous_and_spliced_files_verify() => RunAsync(FileStressors);

    private static async Task RunAsync(string stressors)
    {
        Shell.Require("stress-ng");
        await using var drive = await ApplicationDrive.CreateAsync();

        await Shell.RunAsync(drive.MountPoint, $$"""
            mkdir work
            stress-ng {{stressors}} --verify --timeout 8 --hdd-bytes 32m --fallocate-bytes 32m --iomix-bytes 32m --temp-path work > log 2>&1 || fail "$(cat log)"
            # Some stressors report a failure and still end well.
            ! grep 'fail:' log || fail "$(cat log)"
            grep -q 'successful run completed' log || fail "$(cat log)"
            """);

        await drive.VerifyAsync("grep -q 'successful run completed' log");
    }
}
