namespace CuckooDrive.Core.Chunks;

/// <summary>
/// How many chunks may be asked of other clouds at a time because their own is late. That costs several times the chunk, so over
/// lines that are merely full it makes all of them later; when a cloud hangs it is what keeps its readers going. What came of the
/// earlier ones tells the two apart: those that were won by the others make room for more, those that their own cloud answered
/// first for fewer. (Dean and Barroso, The Tail at Scale, 2013, bound hedges by a share of all requests.) Thread safe.
/// </summary>
internal sealed class HedgeBudget
{
    private const int First = 4;
    private const int Least = 2;
    private const int Most = 64;
    private const int Gain = 2;

    private readonly Lock _gate = new();
    private int _limit = First;
    private int _underWay;

    /// <summary>Whether one may begin now; if so its end is told by <see cref="End"/>.</summary>
    public bool TryBegin()
    {
        lock (_gate)
        {
            if (_underWay >= _limit)
                return false;
            _underWay++;
            return true;
        }
    }

    /// <param name="won">Whether the others gave the chunk before its own cloud did.</param>
    public void End(bool won)
    {
        lock (_gate)
        {
            _underWay--;
            _limit = won ? Math.Min(_limit + Gain, Most) : Math.Max(_limit - 1, Least);
        }
    }
}
