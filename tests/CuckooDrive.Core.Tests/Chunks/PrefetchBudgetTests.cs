using CuckooDrive.Core.Chunks;
using CuckooDrive.Testing.Clouds;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>How much is fetched ahead over fast and slow lines.</summary>
public sealed class PrefetchBudgetTests
{
    private const long Piece = 1 << 20;
    private const long Maximum = 24 << 20;

    private readonly ManualTime _time = new();
    private readonly PrefetchBudget _budget;

    public PrefetchBudgetTests() => _budget = new PrefetchBudget(Maximum, _time);

    [Fact]
    public void A_fast_line_soon_gets_all_that_is_allowed()
    {
        for (var round = 0; round < 8; round++)
            Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal(Maximum, _budget.Limit);
    }

    [Fact]
    public void A_slow_line_gets_what_it_carries_in_time()
    {
        for (var round = 0; round < 8; round++)
            Run(TimeSpan.FromMilliseconds(100));
        for (var round = 0; round < 8; round++)
            Run(TimeSpan.FromSeconds(_budget.Limit / Piece));
        Assert.InRange(_budget.Limit, Piece, 2 * Piece);
    }

    [Fact]
    public void Many_that_are_late_together_are_late_once()
    {
        for (var round = 0; round < 8; round++)
            Run(TimeSpan.FromMilliseconds(100));
        Run(TimeSpan.FromSeconds(3));
        Assert.Equal(Maximum / 2, _budget.Limit);
    }

    [Fact]
    public void Who_uses_little_is_not_trusted_with_more()
    {
        for (var round = 0; round < 100; round++)
        {
            var begun = _budget.Begin(Piece / 8);
            _time.Advance(TimeSpan.FromMilliseconds(10));
            _budget.End(Piece / 8, begun);
        }
        Assert.Equal(2 * Piece, _budget.Limit);
    }

    [Fact]
    public void What_has_ended_makes_room()
    {
        var begun = _budget.Begin(3 * Piece);
        Assert.Equal(-Piece, _budget.Room);
        _budget.End(3 * Piece, begun);
        Assert.Equal(_budget.Limit, _budget.Room);
    }

    /// <summary>Uses the whole budget once, all of it at the same time.</summary>
    private void Run(TimeSpan took)
    {
        var begun = new List<long>();
        while (_budget.Room > 0)
            begun.Add(_budget.Begin(Piece));
        _time.Advance(took);
        begun.ForEach(each => _budget.End(Piece, each));
    }
}
