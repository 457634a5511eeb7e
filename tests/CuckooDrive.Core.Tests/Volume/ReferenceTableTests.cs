using CsCheck;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

public class ReferenceTableTests
{
    private enum Step
    {
        Add,
        Take,
        Subtract,
    }

    [Fact]
    public void CountsAsADictionaryDoes()
    {
        // Few numbers, so that they meet again; far apart or neighbours.
        var inode = Gen.Frequency((3, Gen.ULong[0, 300]), (1, Gen.ULong[0, 20].Select(number => number << 40)));
        var step = Gen.Select(Gen.Enum<Step>(), inode, Gen.Long[0, 3]);
        step.Array[0, 2000].Sample(steps =>
        {
            var table = new ReferenceTable();
            var model = new Dictionary<ulong, long>();
            foreach (var (kind, number, references) in steps)
                Apply(table, model, kind, number, references);
            Assert.Equal(model.Count, table.Count);
            foreach (var (number, references) in model)
                Assert.Equal(references, table.Take(number));
            Assert.Equal(0, table.Count);
        }, iter: 300);
    }

    [Fact]
    public void MoreThanItCanCountIsHeldAtTheLimit()
    {
        var table = new ReferenceTable();
        table.Add(7, 1);
        table.Add(7, long.MaxValue);
        table.Add(7, 1);
        Assert.Equal(uint.MaxValue, table.Take(7));
        table.Add(7, 2);
        table.Subtract(7, ulong.MaxValue);
        Assert.Equal(0, table.Count);
    }

    private static void Apply(ReferenceTable table, Dictionary<ulong, long> model, Step step, ulong number, long references)
    {
        var before = model.GetValueOrDefault(number);
        switch (step)
        {
            case Step.Add:
                table.Add(number, references);
                Set(before + references);
                break;
            case Step.Take:
                Assert.Equal(before, table.Take(number));
                Set(0);
                break;
            case Step.Subtract:
                table.Subtract(number, (ulong)references);
                Set(before - references);
                break;
        }

        void Set(long left)
        {
            if (left > 0)
                model[number] = left;
            else
                model.Remove(number);
        }
    }
}
