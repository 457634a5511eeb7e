using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Data of files on a real mount.</summary>
public class FilesTests(Mounts mounts)
{
    private const int MiB = 1 << 20;

    public static TheoryData<Dispatch> Both => new(Dispatch.Inline, Dispatch.Asynchronous);

    [Theory, MemberData(nameof(Both))]
    public void Large_data_comes_back(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var data = Random(20 * MiB + 12345);
        File.WriteAllBytes($"{folder}/file", data);
        Assert.Equal(data, File.ReadAllBytes($"{folder}/file"));
        var file = Posix.Open($"{folder}/file", Posix.ReadWrite);
        Assert.Equal(0, Posix.Sync(file));
        DropCache(file);
        Assert.Equal(data, File.ReadAllBytes($"{folder}/file"));
        Posix.Close(file);
    }

    [Theory, MemberData(nameof(Both))]
    public void Direct_access_sees_what_the_cache_wrote_and_the_other_way_round(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var data = Random(4 * MiB);
        File.WriteAllBytes($"{folder}/file", data);
        var direct = Posix.Open($"{folder}/file", Posix.ReadWrite | Posix.Direct);
        Assert.True(direct >= 0);
        var buffer = AlignedBuffer(4 * MiB);
        Assert.Equal(4 * MiB, Posix.Read(direct, buffer.Span, 0));
        Assert.True(buffer.Span.SequenceEqual(data));
        buffer.Span.Fill(0x5A);
        Assert.Equal(2 * MiB, Posix.Write(direct, buffer.Span[..(2 * MiB)], MiB));
        Posix.Close(direct);
        data.AsSpan(MiB, 2 * MiB).Fill(0x5A);
        Assert.Equal(data, File.ReadAllBytes($"{folder}/file"));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Appenders_at_once_lose_nothing(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var file = Posix.Open($"{folder}/log", Posix.Create | Posix.WriteOnly | Posix.Append);
            var line = new byte[100];
            line.AsSpan().Fill((byte)('a' + worker));
            for (var i = 0; i < 250; i++)
                Assert.Equal(100, Posix.Write(file, line));
            Posix.Close(file);
        })));
        var all = File.ReadAllBytes($"{folder}/log");
        Assert.Equal(100_000, all.Length);
        Assert.All(all.Chunk(100), line => Assert.Single(line.Distinct()));
        Assert.All("abcd"u8.ToArray(), letter => Assert.Equal(25_000, all.Count(value => value == letter)));
    }

    [Theory, MemberData(nameof(Both))]
    public void Shared_mappings_reach_the_file_and_private_ones_do_not(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var data = Random(300_000);
        File.WriteAllBytes($"{folder}/file", data);
        var file = Posix.Open($"{folder}/file", Posix.ReadWrite);
        using (var shared = new PosixMapping(file, data.Length, shared: true))
        using (var own = new PosixMapping(file, data.Length, shared: false))
        {
            own.Write(1000, new byte[2000]);
            shared.Write(250_000, new byte[1000]);
            Assert.Equal(0, shared.Sync());
            var seen = new byte[1000];
            shared.Read(1000, seen);
            Assert.Equal(data[1000..2000], seen);
            own.Read(250_000, seen);
            Assert.Equal(new byte[1000], seen);
        }
        data.AsSpan(250_000, 1000).Clear();
        DropCache(file);
        Posix.Close(file);
        Assert.Equal(data, File.ReadAllBytes($"{folder}/file"));
    }

    [Theory, MemberData(nameof(Both))]
    public void Truncating_down_and_up_leaves_zeros(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        File.WriteAllBytes($"{folder}/file", Random(300_000));
        Assert.Equal(0, Posix.TruncateTo($"{folder}/file", 1000));
        Assert.Equal(0, Posix.TruncateTo($"{folder}/file", 300_000));
        var data = File.ReadAllBytes($"{folder}/file");
        Assert.Equal(300_000, data.Length);
        Assert.True(data.AsSpan(1000).IndexOfAnyExcept((byte)0) < 0);
        Posix.Close(Posix.Open($"{folder}/file", Posix.WriteOnly | Posix.Truncate));
        Assert.Equal(0, Posix.Status($"{folder}/file").Size);
        Assert.Equal(Minus.EISDIR, Posix.TruncateTo(folder, 0));
        Assert.Equal(Minus.EINVAL, Posix.TruncateTo($"{folder}/file", -1));
    }

    [Theory, MemberData(nameof(Both))]
    public void Sparse_files_have_holes_where_nothing_was_written(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var file = Posix.Open($"{folder}/file", Posix.Create | Posix.ReadWrite);
        const long Far = 1L << 50;
        Assert.Equal(4096, Posix.Write(file, Random(4096), 1 << 20));
        Assert.Equal(4096, Posix.Write(file, Random(4096), Far));
        Assert.Equal(Far + 4096, Posix.Status(file).Size);
        Assert.Equal(0, Posix.Sync(file));
        Assert.Equal(1 << 20, Posix.Seek(file, 0, Posix.SeekData));
        Assert.Equal((1 << 20) + 4096, Posix.Seek(file, 1 << 20, Posix.SeekHole));
        Assert.Equal(Far, Posix.Seek(file, (1 << 20) + 4096, Posix.SeekData));
        Assert.Equal(Far + 4096, Posix.Seek(file, Far, Posix.SeekHole));
        Assert.Equal(0, Posix.Seek(file, 0, Posix.SeekHole));
        Assert.Equal(Minus.ENXIO, Posix.Seek(file, Far + 4096, Posix.SeekData));
        Assert.Equal(Minus.ENXIO, Posix.Seek(file, Far + 4096, Posix.SeekHole));
        var buffer = new byte[100];
        Assert.Equal(100, Posix.Read(file, buffer, Far / 2));
        Assert.Equal(new byte[100], buffer);
        Posix.Close(file);
        Assert.InRange(Posix.Status($"{folder}/file").Blocks, 1, 4096);
    }

    [Theory, MemberData(nameof(Both))]
    public void Allocating_reserves_punches_and_zeroes(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var data = Random(MiB);
        var file = Posix.Open($"{folder}/file", Posix.Create | Posix.ReadWrite);
        Assert.Equal(MiB, Posix.Write(file, data));
        Assert.Equal(0, Posix.Allocate(file, Posix.PunchHole | Posix.KeepSize, 5000, 500_000));
        data.AsSpan(5000, 500_000).Clear();
        Assert.Equal(0, Posix.Allocate(file, Posix.ZeroRange | Posix.KeepSize, 600_000, 1000));
        data.AsSpan(600_000, 1000).Clear();
        Assert.Equal(data, File.ReadAllBytes($"{folder}/file"));
        Assert.Equal(0, Posix.Allocate(file, Posix.KeepSize, MiB, MiB));
        Assert.Equal(MiB, Posix.Status(file).Size);
        Assert.Equal(0, Posix.Allocate(file, 0, MiB, MiB));
        Assert.Equal(2 * MiB, Posix.Status(file).Size);
        Assert.Equal(0, Posix.Allocate(file, Posix.ZeroRange, 2 * MiB, 10));
        Assert.Equal((2 * MiB) + 10, Posix.Status(file).Size);
        Assert.Equal(Minus.EOPNOTSUPP, Posix.Allocate(file, Posix.PunchHole, 0, 10));
        Assert.Equal(Minus.EOPNOTSUPP, Posix.Allocate(file, Posix.CollapseRange, 0, 4096));
        Assert.Equal(Minus.EOPNOTSUPP, Posix.Allocate(file, Posix.InsertRange, 0, 4096));
        Assert.Equal(Minus.EINVAL, Posix.Allocate(file, 0, 0, 0));
        Assert.Equal(Minus.ENOSPC, Posix.Allocate(file, 0, 0, 1L << 45));
        Posix.Close(file);
        var all = File.ReadAllBytes($"{folder}/file");
        Assert.Equal(data, all[..MiB]);
        Assert.True(all.AsSpan(MiB).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory, MemberData(nameof(Both))]
    public void Ranges_are_copied_within_the_file_system(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var data = Random(3 * MiB);
        File.WriteAllBytes($"{folder}/source", data);
        var source = Posix.Open($"{folder}/source", Posix.ReadOnly);
        var target = Posix.Open($"{folder}/target", Posix.Create | Posix.ReadWrite);
        var (from, to) = (1000L, 7L);
        for (var left = (2L * MiB); left > 0;)
        {
            var copied = Posix.CopyRange(source, ref from, target, ref to, left);
            Assert.True(copied > 0, $"copy_file_range: {copied}");
            left -= copied;
        }
        var (pastFrom, pastTo) = (3L * MiB, 0L);
        Assert.Equal(0, Posix.CopyRange(source, ref pastFrom, target, ref pastTo, 10));
        Posix.Close(source);
        Posix.Close(target);
        Assert.Equal([.. new byte[7], .. data.AsSpan(1000, 2 * MiB)], File.ReadAllBytes($"{folder}/target"));
    }

    [Theory, MemberData(nameof(Both))]
    public void Sizes_go_up_to_the_end_of_the_address_space(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        File.WriteAllText($"{folder}/file", "");
        Assert.Equal(0, Posix.TruncateTo($"{folder}/file", long.MaxValue));
        Assert.Equal(long.MaxValue, Posix.Status($"{folder}/file").Size);
        var file = Posix.Open($"{folder}/file", Posix.ReadWrite);
        Assert.Equal(1, Posix.Write(file, "x"u8, long.MaxValue - 1));
        var last = new byte[2];
        Assert.Equal(2, Posix.Read(file, last, long.MaxValue - 2));
        Assert.Equal([0, (byte)'x'], last);
        Posix.Close(file);
    }

    private static byte[] Random(int length)
    {
        var data = new byte[length];
        new Random(length).NextBytes(data);
        return data;
    }

    private static Memory<byte> AlignedBuffer(int length)
    {
        var array = GC.AllocateUninitializedArray<byte>(length + 4096, pinned: true);
        var start = (int)(-System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & 4095);
        return array.AsMemory(start, length);
    }

    /// <summary>So that the next read asks the file system.</summary>
    private static void DropCache(int file) => Assert.Equal(0, Posix.DropCache(file));
}
