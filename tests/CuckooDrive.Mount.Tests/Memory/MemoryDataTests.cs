using CsCheck;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Memory;

/// <summary>The blocks of the file system in memory against a plain array: what is a reference must be right itself.</summary>
public class MemoryDataTests
{
    private const int Size = 600_000;

    private enum Kind
    {
        Write,
        Reserve,
        Punch,
        Truncate,
    }

    [Fact]
    public void Any_sequence_of_changes_gives_what_an_array_gives()
    {
        var step = Gen.Select(Gen.Enum<Kind>(), Gen.Int[0, Size - 1], Gen.Int[1, 200_000]);
        step.Array[1, 25].Sample(
            steps =>
            {
                var space = new MemorySpace(1000);
                // Blocks are used again: what an earlier file left in them must never show.
                var earlier = new MemoryData(space);
                Assert.True(earlier.TryWrite(0, Enumerable.Repeat((byte)0xEE, Size).ToArray()));
                earlier.Truncate(0);
                var data = new MemoryData(space);
                var model = new Model();
                for (var i = 0; i < steps.Length; i++)
                {
                    var (kind, offset, length) = steps[i];
                    Apply(data, model, kind, offset, Math.Min(length, Size - offset), (byte)(i + 1));
                    Compare(data, model, space);
                }
            },
            iter: 150);
    }

    [Fact]
    public void What_does_not_fit_changes_nothing()
    {
        var space = new MemorySpace(10);
        var data = new MemoryData(space);
        Assert.True(data.TryWrite(0, new byte[8 * 4096]));
        Assert.False(data.TryWrite(7 * 4096, new byte[4 * 4096]));
        Assert.False(data.TryReserve(1 << 20, 3 * 4096));
        Assert.Equal(8, data.Pages);
        Assert.Equal(2, space.FreePages);
        Assert.True(data.TryWrite(8 * 4096, new byte[2 * 4096]));
        data.Truncate(0);
        Assert.Equal(10, space.FreePages);
    }

    private static void Apply(MemoryData data, Model model, Kind kind, int offset, int length, byte fill)
    {
        switch (kind)
        {
            case Kind.Write:
                Assert.True(data.TryWrite(offset, Enumerable.Repeat(fill, length).ToArray()));
                model.Bytes.AsSpan(offset, length).Fill(fill);
                model.Mark(offset, length, 'w');
                break;
            case Kind.Reserve:
                Assert.True(data.TryReserve(offset, length));
                model.Mark(offset, length, 'r');
                break;
            case Kind.Punch:
                data.Punch(offset, length);
                model.Bytes.AsSpan(offset, length).Clear();
                model.Free((offset + 4095) / 4096, (offset + length) / 4096);
                break;
            default:
                data.Truncate(offset);
                model.Bytes.AsSpan(offset).Clear();
                model.Free((offset + 4095) / 4096, model.Pages.Length);
                break;
        }
    }

    private static void Compare(MemoryData data, Model model, MemorySpace space)
    {
        var all = new byte[Size];
        all.AsSpan().Fill(0xCC);
        data.Read(0, all);
        Assert.True(all.AsSpan().SequenceEqual(model.Bytes));
        Assert.Equal(model.Pages.Count(page => page != '.'), data.Pages);
        Assert.Equal(1000 - data.Pages, space.FreePages);
        for (var page = 0; page < model.Pages.Length; page += 7)
        {
            var next = Array.IndexOf(model.Pages, 'w', page);
            Assert.Equal(next < 0 ? -1 : next * 4096L, data.NextData(page * 4096L));
            var hole = Array.FindIndex(model.Pages, page, state => state != 'w');
            Assert.Equal(hole < 0 ? model.Pages.Length * 4096L : hole * 4096L, data.NextHole(page * 4096L));
        }
    }

    private sealed class Model
    {
        public byte[] Bytes { get; } = new byte[Size];

        /// <summary>For each page: w written, r reserved, . hole.</summary>
        public char[] Pages { get; } = Enumerable.Repeat('.', (Size + 4095) / 4096).ToArray();

        public void Mark(int offset, int length, char state)
        {
            for (var page = offset / 4096; page < (offset + length + 4095) / 4096; page++)
                Pages[page] = Pages[page] == 'w' ? 'w' : state;
        }

        public void Free(int first, int end)
        {
            for (var page = first; page < end; page++)
                Pages[page] = '.';
        }
    }
}
