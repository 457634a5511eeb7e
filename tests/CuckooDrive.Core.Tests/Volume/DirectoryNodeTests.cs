using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

public sealed class DirectoryNodeTests
{
    [Fact]
    public void EntriesThatCompleteANodeAreListedAlsoWhenItWasOrderedBefore()
    {
        var node = new DirectoryNode(isComplete: false);
        node.Add(Entry(1));
        Assert.Single(node.Ordered());
        node.Complete([Entry(1), Entry(2), Entry(3)]);
        Assert.Equal([1UL, 2, 3], node.Ordered().Select(entry => entry.Inode));
    }

    private static DirectoryEntry Entry(byte number)
    {
        var hash = new byte[16];
        hash[1] = number;
        return new DirectoryEntry([number], hash, number, 8);
    }
}
