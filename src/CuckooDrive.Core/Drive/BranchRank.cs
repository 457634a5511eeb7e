using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Which of several branches of the journal that go on from the same segment is the drive's; the greater is. Branches come of attaches: each begins
/// an epoch, an attach that fails may have begun one on a few clouds, and a machine that was taken over may have sent some more to clouds
/// that the other could not reach.
/// </summary>
/// <remarks>
/// An epoch whose attach succeeded is on all clouds but as many as may be lost, its claim too, so every later attach saw that claim, took a
/// higher epoch and went on from there. Hence the highest epoch is right, but only among those in which something was written after their
/// beginning: an attach that failed can have claimed a higher epoch than a later one that succeeded without the clouds that hold the claim, and the
/// machine before it may have written on, until it met the claim. A beginning alone holds nothing of the user's.
/// </remarks>
/// <param name="Used">The highest epoch of the branch that has more than its beginning, 0 for none.</param>
/// <param name="Epoch">The highest epoch.</param>
/// <param name="Length">In segments.</param>
/// <param name="Hash">Of its first segment: decides between equals, so that the order of the clouds does not.</param>
internal sealed record BranchRank(ulong Used, ulong Epoch, int Length, byte[] Hash) : IComparable<BranchRank>
{
    /// <summary>With a further segment.</summary>
    public BranchRank With(JournalSegment segment) => this with
    {
        // Of a group that was never sent whole nothing is applied.
        Used = segment is { Index: > 0, Continues: false } ? segment.Epoch : Used,
        Epoch = segment.Epoch,
        Length = Length + 1,
    };

    public int CompareTo(BranchRank? other)
    {
        if (other is null)
            return 1;
        var order = (Used, Epoch, Length).CompareTo((other.Used, other.Epoch, other.Length));
        return order != 0 ? order : Hash.AsSpan().SequenceCompareTo(other.Hash);
    }
}
