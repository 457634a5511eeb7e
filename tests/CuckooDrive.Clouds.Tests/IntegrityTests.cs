using System.Security.Cryptography;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Memory;
using Xunit;

namespace CuckooDrive.Clouds.Tests;

/// <summary>Where the answer to a write has the hash.</summary>
public sealed class IntegrityConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new IntegrityStorage(new MemoryStorage());
}

/// <summary>Where the hash has to be asked for, once each write has succeeded behind a cloud that fails.</summary>
public sealed class AskingIntegrityConformance : DecoratorConformance
{
    protected override ICloudStorage Open() => new IntegrityStorage(new RetryStorage(
        new FaultStorage(new Crooked(new MemoryStorage()) { IsSilent = true }, new FaultPlan(3) { FailBeforeShare = 0.05, FailAfterShare = 0.05 }),
        new RetryOptions { Retries = 12, FirstDelay = TimeSpan.FromMilliseconds(1) }));
}

/// <summary>Uploads whose hash is compared.</summary>
public sealed class IntegrityTests : IAsyncDisposable
{
    private static readonly byte[] Data = [.. Enumerable.Range(0, 200_000).Select(index => (byte)(index >> 4))];

    private readonly MemoryStorage _memory = new();

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_arrives_as_it_was_sent_stays_and_its_hash_is_told(bool isSilent)
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory) { IsSilent = isSilent });
        var written = await storage.WriteAsync("a", CloudContent.FromMemory(Data));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Data)), written.Hash);
        Assert.NotNull(await _memory.StatAsync("a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_arrives_as_something_else_fails_and_is_removed(bool isSilent)
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory) { IsSilent = isSilent, Stores = Flipped });
        await AssertWriteAsync(storage, CloudErrorKind.Corrupt, "other bytes of 'a' than were sent; it was removed again");
        Assert.Null(await _memory.StatAsync("a"));
    }

    [Fact]
    public async Task Of_content_that_was_not_read_to_its_end_the_rest_counts_too()
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory) { Stores = static content => new Cut(content) });
        await AssertWriteAsync(storage, CloudErrorKind.Corrupt, "removed again");
    }

    [Fact]
    public async Task An_upload_that_begins_again_is_hashed_again()
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory) { LooksFirst = Data.Length / 2 });
        await storage.WriteAsync("a", CloudContent.FromMemory(Data));
        await using var whole = new IntegrityStorage(new Crooked(_memory) { LooksFirst = Data.Length });
        await whole.WriteAsync("b", CloudContent.FromMemory(Data));
    }

    [Fact]
    public async Task Content_that_changes_between_two_readings_is_the_callers_fault()
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory) { LooksFirst = Data.Length });
        await AssertWriteAsync(storage, CloudErrorKind.Other, "changed while it was sent", new Restless());
        Assert.Null(await _memory.StatAsync("a"));
    }

    [Fact]
    public async Task Where_a_name_may_have_two_writers_nothing_is_removed()
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory) { Stores = Flipped, CreatesOnce = false });
        await AssertWriteAsync(storage, CloudErrorKind.Corrupt, "may still be there");
        Assert.NotNull(await _memory.StatAsync("a"));
    }

    [Fact]
    public async Task What_somebody_else_wrote_under_the_name_meanwhile_is_not_removed()
    {
        await using var storage = new IntegrityStorage(new Crooked(_memory)
        {
            Stores = Flipped,
            Written = async () =>
            {
                await _memory.DeleteAsync("a");
                await _memory.WriteAsync("a", CloudContent.FromMemory(new byte[] { 9 }));
            },
        });
        await AssertWriteAsync(storage, CloudErrorKind.Corrupt, "may still be there");
        Assert.Equal(1, (await _memory.StatAsync("a"))!.Length);
    }

    [Fact]
    public async Task A_write_whose_hash_cannot_be_learnt_does_not_succeed()
    {
        var plan = new FaultPlan(1) { FailBeforeShare = 1, Only = static request => request.Operation == CloudOperation.Stat };
        await using var storage = new IntegrityStorage(new FaultStorage(new Crooked(_memory) { IsSilent = true }, plan));
        await AssertWriteAsync(storage, CloudErrorKind.Transient, "failed before the effect");
    }

    [Fact]
    public async Task An_object_that_is_gone_at_once_is_not_taken_for_written()
    {
        await using var storage = new IntegrityStorage(
            new Crooked(_memory) { IsSilent = true, Written = () => _memory.DeleteAsync("a") });
        await AssertWriteAsync(storage, CloudErrorKind.Transient, "is not there");
    }

    [Fact]
    public async Task When_the_wrong_object_cannot_be_removed_the_write_failed_all_the_same()
    {
        var plan = new FaultPlan(1) { FailBeforeShare = 1, Only = static request => request.Operation == CloudOperation.Delete };
        await using var storage = new IntegrityStorage(new FaultStorage(new Crooked(_memory) { Stores = Flipped }, plan));
        await AssertWriteAsync(storage, CloudErrorKind.Corrupt, "may still be there");
    }

    [Fact]
    public async Task Without_a_hash_the_content_is_passed_on_as_it_is()
    {
        var inner = new Crooked(_memory) { Hash = CloudHashKind.None };
        await using var storage = new IntegrityStorage(inner);
        var content = CloudContent.FromMemory(Data);
        await storage.WriteAsync("a", content);
        Assert.Same(content, inner.Content);
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public async Task The_standard_stack_compares_what_the_provider_does_not(bool isOn, bool byProvider, bool compares)
    {
        await using var storage = ResilientCloud.Wrap(
            new Crooked(_memory) { Stores = Flipped, ComparesHash = byProvider }, new ResilientCloudOptions { Integrity = isOn });
        if (compares)
            await AssertWriteAsync(storage, CloudErrorKind.Corrupt, "removed again");
        else
            await storage.WriteAsync("a", CloudContent.FromMemory(Data));
    }

    private static CloudContent Flipped(CloudContent content)
    {
        using var stream = content.Open();
        var data = new byte[content.Length];
        stream.ReadExactly(data);
        data[data.Length / 2] ^= 1;
        return CloudContent.FromMemory(data);
    }

    private static async Task AssertWriteAsync(ICloudStorage storage, CloudErrorKind kind, string hint, CloudContent? content = null)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("a", content ?? CloudContent.FromMemory(Data)));
        Assert.Equal(kind, failure.Kind);
        Assert.Contains(hint, failure.Message);
    }

    /// <summary>The first half.</summary>
    private sealed class Cut(CloudContent inner) : CloudContent
    {
        public override long Length => inner.Length / 2;

        public override Stream Open()
        {
            using var stream = inner.Open();
            var half = new byte[Length];
            stream.ReadExactly(half);
            return new MemoryStream(half);
        }
    }

    /// <summary>Other bytes each time it is opened.</summary>
    private sealed class Restless : CloudContent
    {
        private byte _opened;

        public override long Length => Data.Length;

        public override Stream Open()
        {
            var data = Data.ToArray();
            data[0] = ++_opened;
            return new MemoryStream(data);
        }
    }
}

/// <summary>Memory that does not do with a write what it was told.</summary>
internal sealed class Crooked(ICloudStorage inner) : DelegatingStorage(inner)
{
    /// <summary>Whether the answer to a write has no hash.</summary>
    public bool IsSilent { get; init; }

    /// <summary>What is stored instead of what was sent.</summary>
    public Func<CloudContent, CloudContent> Stores { get; init; } = static content => content;

    /// <summary>How many bytes of the content are read once before it is stored.</summary>
    public int LooksFirst { get; init; }

    /// <summary>What happens before the answer.</summary>
    public Func<Task> Written { get; init; } = static () => Task.CompletedTask;

    public bool CreatesOnce { get; init; } = true;

    public bool ComparesHash { get; init; }

    public CloudHashKind Hash { get; init; } = CloudHashKind.Sha256;

    public CloudContent? Content { get; private set; }

    public override CloudCapabilities Capabilities =>
        base.Capabilities with { CreateOnce = CreatesOnce, ComparesHash = ComparesHash, Hash = Hash };

    public override async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        Content = content;
        if (LooksFirst > 0)
        {
            await using var stream = content.Open();
            await stream.ReadExactlyAsync(new byte[LooksFirst], cancellationToken);
        }
        var written = await base.WriteAsync(name, Stores(content), cancellationToken);
        await Written();
        return IsSilent ? written with { Hash = null } : written;
    }
}
