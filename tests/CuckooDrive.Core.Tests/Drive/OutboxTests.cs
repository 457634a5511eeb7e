using CuckooDrive.Core.Drives;
using Xunit;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>What a decision that failed leaves in the outbox.</summary>
public sealed class OutboxTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cuckoo-outbox-").FullName;

    /// <summary>The record of the position found no room on the disk, and the ordinal went to another object later.</summary>
    [Fact]
    public void AnObjectThatWasNotDecidedGivesItsPlaceToTheOneThatIs()
    {
        var outbox = new Outbox(_folder, 5);
        outbox.Write(5, "root/1-0", [1]);
        outbox.Write(6, "journal/1-11", [2]);
        outbox.Release([outbox.Write(5, "journal/1-10", [3])]);
        outbox.Release([outbox.Write(6, "root/1-0", [4])]);

        var again = new Outbox(_folder, 7);
        Assert.Equal(("journal/1-10", 5), (again.Next(0)!.ObjectName, again.Next(0)!.Ordinal));
        Assert.Equal(("root/1-0", 6), (again.Next(6)!.ObjectName, again.Next(6)!.Ordinal));
        Assert.Equal([4], again.Next(6)!.Read());
    }

    /// <summary>What every cloud has leaves the outbox for good: nothing that never counted may be sent in its place after a restart.</summary>
    [Fact]
    public void NothingIsLeftOfAnOrdinalThatWasDropped()
    {
        var outbox = new Outbox(_folder, 0);
        outbox.Write(0, "root/1-0", [1]);
        outbox.Release([outbox.Write(0, "journal/1-0", [2])]);
        outbox.DropBefore(1);
        Assert.Null(new Outbox(_folder, 1).Next(0));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
