namespace CuckooDrive.Host.Tests.Applications;

/// <summary>fio writes blocks with checksums through every way that Linux has to write, and reads them again: at once and after a remount.</summary>
public sealed class FioTests
{
    /// <summary>
    /// check DIRECT EXTRA... runs each engine over a file of its own with blocks of all sizes at random places, or, with
    /// --verify_only, reads and verifies what the same call wrote before. $1 is a folder outside the drive.
    /// </summary>
    private const string Engines = """
        # A kernel, or a container's policy, may forbid io_uring: what fails on the machine's own disk cannot be tested on the drive.
        engines="sync psync vsync pvsync pvsync2 libaio posixaio mmap"
        fio --name=probe --filename="$1/probe" --ioengine=io_uring --rw=write --size=64k > /dev/null 2>&1 && engines="$engines io_uring"

        check() {
          local direct=$1 engine least
          shift
          for engine in $engines; do
            # There is no direct input and output through memory.
            [ "$engine-$direct" != mmap-1 ] || continue
            least=512
            [ "$engine" != mmap ] || least=4k
            fio --name="$engine" --filename="$engine-$direct" --ioengine="$engine" --direct="$direct" --iodepth=16 --rw=randwrite --size=6m \
              --bsrange=$least-64k --blockalign=$least --verify=crc32c --verify_fatal=1 --verify_backlog=64 --fsync=50 --end_fsync=1 "$@" > log 2>&1 ||
              fail "$engine with direct=$direct $*: $(cat log)"
          done
        }

        """;

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public async Task Every_engine_reads_what_it_wrote(string direct)
    {
        Shell.Require("fio");
        await using var outside = new OutsideFolder();
        await using var drive = await ApplicationDrive.CreateAsync();

        await Shell.RunAsync(drive.MountPoint, Engines + "check \"$2\"", outside.Path, direct);

        await drive.VerifyAsync(Engines + "check \"$2\" --verify_only", outside.Path, direct);
    }

    [Fact]
    public async Task Jobs_that_read_and_write_the_same_files_at_once_verify()
    {
        Shell.Require("fio");
        await using var drive = await ApplicationDrive.CreateAsync();
        await Shell.RunAsync(drive.MountPoint, """
            fio --directory=. --size=8m --verify=sha256 --verify_fatal=1 --end_fsync=1 \
              --name=mixed --rw=randrw --rwmixread=50 --bs=4k --ioengine=psync --fsync=100 \
              --name=sequential --rw=write --bs=1m --ioengine=sync --fsync=1 \
              --name=overlapping --rw=randwrite --bsrange=1k-100k --bs_unaligned=1 --norandommap --ioengine=psync \
              --name=many --rw=randwrite --bs=8k --nrfiles=100 --ioengine=psync --openfiles=10 > log 2>&1 || fail "$(cat log)"
            """);

        // Which of two overlapping blocks came last only the run that wrote them knows.
        await drive.VerifyAsync("""
            fio --directory=. --size=8m --verify=sha256 --verify_fatal=1 --verify_only \
              --name=mixed --rw=randrw --rwmixread=50 --bs=4k --ioengine=psync \
              --name=sequential --rw=write --bs=1m --ioengine=sync \
              --name=many --rw=randwrite --bs=8k --nrfiles=100 --ioengine=psync --openfiles=10 > log 2>&1 || fail "$(cat log)"
            """);
    }
}
