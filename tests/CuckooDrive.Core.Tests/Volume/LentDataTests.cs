using System.Buffers;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>Writers that let the volume keep their memory: it is read until it is flushed, and given back once.</summary>
public sealed class LentDataTests
{
    private const int Cell = 128 << 10;
    private const int Length = 8 * Cell;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Whole_cells_are_kept_where_they_are_until_they_are_flushed()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        using var gate = new ManualResetEventSlim();
        test.Chunks.Hook = at => Wait(at, gate);
        var lender = new Lender(Length, 1);
        await WriteAsync(test, inode, 0, lender.Memory);
        Assert.Equal(1 + 8, lender.References);
        Assert.Equal(lender.Expected, await test.ReadAsync(inode, 0, Length));

        lender.Release();
        Assert.Equal(lender.Expected, await test.ReadAsync(inode, 0, Length));
        gate.Set();
        await test.SyncAsync();
        Assert.Equal(0, lender.References);
        Assert.Equal(lender.Expected, await test.ReadAsync(inode, 0, Length));
    }

    [Fact]
    public async Task What_belongs_to_no_whole_cell_or_to_one_with_other_data_is_copied()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        using var gate = new ManualResetEventSlim();
        test.Chunks.Hook = at => Wait(at, gate);
        await test.WriteAsync(inode, Cell + 5, [1, 2, 3]);
        var lender = new Lender(Length, 2);
        await WriteAsync(test, inode, 100, lender.Memory);
        // The first and the last are cut, the second has the three bytes.
        Assert.Equal(1 + 6, lender.References);
        // Only a part of the lender's memory: it would be held as a whole.
        var part = new Lender(Length, 3);
        await WriteAsync(test, inode, 100L * Length, part.Memory[..(2 * Cell)]);
        Assert.Equal(1, part.References);
        part.Release();
        gate.Set();
        await test.SyncAsync();
        Assert.Equal(lender.Expected, await test.ReadAsync(inode, 100, Length));
        Assert.Equal(part.Expected[..(2 * Cell)], await test.ReadAsync(inode, 100L * Length, 2 * Cell));
        Assert.Equal(1, lender.References);
    }

    [Fact]
    public async Task After_a_failed_flush_the_memory_is_given_back_and_the_data_kept()
    {
        await using var test = new TestVolume();
        var inode = await test.MakeFileAsync("file");
        test.Chunks.IsFull = true;
        var lender = new Lender(Length, 4);
        await WriteAsync(test, inode, 0, lender.Memory);
        lender.Release();
        Assert.Equal(FsError.NoSpace, await test.Volume.SyncAsync(inode, false, default));
        Assert.Equal(0, lender.References);
        Assert.Equal(lender.Expected, await test.ReadAsync(inode, 0, Length));
        test.Chunks.IsFull = false;
        await test.SyncAsync();
        Assert.Equal(lender.Expected, await test.ReadAsync(inode, 0, Length));
    }

    /// <summary>
    /// Large and small writes, cuts and syncs in any order, over each other and while others are flushed, slowly and now and then in vain; whoever has
    /// its memory back spoils it.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task No_byte_is_lost_or_changed_by_lending(int seed)
    {
        const int Size = 4 * Length;
        var random = new Random(seed);
        await using var test = new TestVolume(new VolumeOptions { DirtyLimit = 2 * Length, CommitInterval = TimeSpan.FromMilliseconds(5) });
        var appends = 0;
        test.Chunks.Hook = at =>
        {
            if (at != "append")
                return;
            var number = Interlocked.Increment(ref appends);
            if (number % 3 == 0)
                Thread.Sleep(1);
            if (number % 37 == 0)
                throw new IOException("The disk is full.", 28);
        };
        var inode = await test.MakeFileAsync("file");
        await test.WriteAsync(inode, Size - 1, [7]);
        var model = new byte[Size];
        model[^1] = 7;
        var lenders = new List<Lender>();
        for (var step = 0; step < 300; step++)
        {
            var offset = random.Next(2) == 0 ? random.Next(Size / Cell) * Cell : random.Next(Size);
            switch (random.Next(6))
            {
                case 0:
                    var few = new byte[Math.Min(random.Next(1, 9000), Size - offset)];
                    random.NextBytes(few);
                    await test.WriteAsync(inode, offset, few);
                    few.CopyTo(model, offset);
                    break;
                case 1:
                    var end = Math.Min(offset + random.Next(1, 3 * Cell), Size - 1);
                    var opened = await test.Volume.OpenAsync(inode, OpenOptions.Write, default);
                    var options = AllocateOptions.PunchHole | AllocateOptions.KeepSize;
                    Assert.Equal(FsError.None, offset < end ? await test.Volume.AllocateAsync(inode, opened.Value.Handle, offset, end - offset, options, default) : FsError.None);
                    test.Volume.Release(inode, opened.Value.Handle);
                    if (offset < end)
                        model.AsSpan(offset, end - offset).Clear();
                    break;
                case 2:
                    await test.Volume.SyncAsync(inode, false, default);
                    break;
                case 3:
                    var from = Math.Max(0, Math.Min(offset, Size - Length));
                    Assert.Equal(model[from..(from + Length)], await test.ReadAsync(inode, from, Length));
                    break;
                default:
                    var lender = new Lender(Length, step);
                    lenders.Add(lender);
                    var data = lender.Memory[..Math.Min(random.Next(Length * 3 / 4, Length + 1), Size - offset)];
                    await WriteAsync(test, inode, offset, data);
                    lender.Expected.AsSpan(0, data.Length).CopyTo(model.AsSpan(offset));
                    lender.Release();
                    break;
            }
        }
        Assert.True(appends > 37);
        test.Chunks.Hook = null;
        await test.Volume.SyncAsync(inode, false, default);
        await test.SyncAsync();
        Assert.All(lenders, static lender => Assert.Equal((0, 0), (lender.References, lender.Mistakes)));
        await test.RemountAsync();
        Assert.Equal(model, await test.ReadAsync(inode, 0, Size));
    }

    private static void Wait(string at, ManualResetEventSlim gate)
    {
        if (at == "append")
            Assert.True(gate.Wait(Patience));
    }

    private static async Task WriteAsync(TestVolume test, ulong inode, long offset, ReadOnlyMemory<byte> data)
    {
        var opened = await test.Volume.OpenAsync(inode, OpenOptions.Write, default);
        var written = await test.Volume.WriteAsync(inode, opened.Value.Handle, offset, data, WriteOptions.None, default);
        test.Volume.Release(inode, opened.Value.Handle);
        Assert.Equal(data.Length, written.Value);
    }

    /// <summary>Memory that is spoilt as soon as nobody has a reference to it.</summary>
    private sealed class Lender : LendableMemory
    {
        private readonly byte[] _bytes;
        private int _references = 1;

        public Lender(int length, int seed)
        {
            _bytes = new byte[length];
            new Random(seed).NextBytes(_bytes);
            Expected = [.. _bytes];
        }

        public byte[] Expected { get; }

        public int References => Volatile.Read(ref _references);

        /// <summary>References taken when there were none, or released when there were none.</summary>
        public int Mistakes { get; private set; }

        public override void AddReference() => Mistakes += Interlocked.Increment(ref _references) > 1 ? 0 : 1;

        public override void Release()
        {
            var left = Interlocked.Decrement(ref _references);
            Mistakes += left >= 0 ? 0 : 1;
            if (left == 0)
                Array.Fill(_bytes, (byte)0xDD);
        }

        public override Span<byte> GetSpan() => _bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
