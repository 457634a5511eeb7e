using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Which of several branches of the journal that go on from the same segment is the drive's; the greater is. Branches come of attaches: each begins
/// an epoch, an attach that fails may have begun one on a few clouds, and a machine that was taken over may have sent some more before it met
/// the claim.
/// </summary>
/// <remarks>
/// An attach that has come through says so with a second segment, once its claim and the first are on all clouds but as many as may be lost. From
/// then on the machine before it can confirm nothing more, and every later attach sees that claim, takes a higher epoch and goes on from there. Hence
/// the highest epoch with a second segment is right. An attach that failed holds nothing of the user's, but can have claimed a higher epoch than a later
/// one that succeeded without the clouds that hold the claim.
/// </remarks>
/// <param name="Used">The highest epoch of the branch that has more than its beginning, 0 for none.</param>
/// <param name="Epoch">The highest epoch, 0 for no segment.</param>
/// <param name="Length">In segments.</param>
internal readonly record struct BranchRank(ulong Used, ulong Epoch, int Length) : IComparable<BranchRank>
{
    /// <summary>Of the branch that begins with a segment and goes on as this one.</summary>
    public BranchRank After(JournalSegment segment) => new(
        // Of a group that was never sent whole nothing is applied.
        Used > 0 || segment.Index == 0 || segment.Continues ? Used : segment.Epoch,
        Epoch > 0 ? Epoch : segment.Epoch,
        Length + 1);

    public int CompareTo(BranchRank other) => (Used, Epoch, Length).CompareTo((other.Used, other.Epoch, other.Length));
}
