using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>When a cloud counts as the member of the drive that it was.</summary>
public sealed class VerifiedCloudTests
{
    private static readonly CloudRecord Record = new()
    {
        Id = 1,
        Address = "memory:1",
        Name = "cloud1",
        FailureDomain = "one",
        MemberId = new byte[Member.IdLength],
    };

    [Fact]
    public async Task ADoubtThatComesWhileTheMemberIsLookedForIsNotForgotten()
    {
        using var keys = DriveKeys.FromMaster(new byte[32], new byte[16]);
        var sealer = new ObjectSealer(keys);
        var member = MemberObjects.Seal(sealer, Record);
        await using var inner = new Waiting();
        await inner.WriteAsync(ObjectNames.Member(Record.Id), CloudContent.FromMemory(member), TestContext.Current.CancellationToken);
        await using var cloud = new VerifiedCloud(inner, Record, sealer);
        Assert.Equal(1, await CountLooksAsync(cloud, inner));
        Assert.Equal(0, await CountLooksAsync(cloud, inner));

        // Two reads of what is not there: the first has the member looked for, the second fails during the look.
        inner.Reads = new TaskCompletionSource();
        var late = ReadMissingAsync(cloud);
        var reads = inner.Reads;
        inner.Reads = null;
        await ReadMissingAsync(cloud);
        inner.Look = new TaskCompletionSource();
        var look = cloud.StatAsync("a", TestContext.Current.CancellationToken);
        reads.SetResult();
        await late;
        inner.Look.SetResult();
        inner.Look = null;
        await look;

        Assert.Equal(1, await CountLooksAsync(cloud, inner));
        Assert.Equal(0, await CountLooksAsync(cloud, inner));
    }

    private static async Task<int> CountLooksAsync(VerifiedCloud cloud, Waiting inner)
    {
        var before = inner.Looks;
        await cloud.StatAsync("a", TestContext.Current.CancellationToken);
        return inner.Looks - before;
    }

    private static async Task ReadMissingAsync(VerifiedCloud cloud)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(() => cloud.ReadAsync("missing", 0, new byte[1], TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(CloudErrorKind.NotFound, failure.Kind);
    }

    /// <summary>Its reads, and its looks at the member, wait where they are told to.</summary>
    private sealed class Waiting() : DelegatingStorage(new MemoryStorage())
    {
        public TaskCompletionSource? Reads { get; set; }

        public TaskCompletionSource? Look { get; set; }

        public int Looks { get; private set; }

        public override async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            await (Reads?.Task ?? Task.CompletedTask);
            return await base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override async Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
        {
            Looks++;
            await (Look?.Task ?? Task.CompletedTask);
            return await base.OpenReadAsync(name, offset, length, cancellationToken);
        }
    }
}
