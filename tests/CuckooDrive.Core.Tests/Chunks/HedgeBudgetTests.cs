using CuckooDrive.Core.Chunks;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>How many late chunks are asked of other clouds.</summary>
public sealed class HedgeBudgetTests
{
    private readonly HedgeBudget _budget = new();

    [Fact]
    public void When_hedges_win_soon_all_that_are_late_may_begin()
    {
        for (var round = 0; round < 4; round++)
            RunAll(won: true);
        Assert.Equal(64, RunAll(won: true));
    }

    [Fact]
    public void When_hedges_lose_few_may_begin_but_never_none()
    {
        for (var round = 0; round < 4; round++)
            RunAll(won: true);
        for (var round = 0; round < 4; round++)
            RunAll(won: false);
        Assert.Equal(2, RunAll(won: false));
    }

    /// <summary>Begins all that may and ends them; returns how many there were.</summary>
    private int RunAll(bool won)
    {
        var count = 0;
        while (_budget.TryBegin())
            count++;
        for (var each = 0; each < count; each++)
            _budget.End(won);
        return count;
    }
}
