using CsCheck;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Placement;
using Xunit;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>Random histories with crashes, lost local disks and clouds that come and go, against a map of what must be there.</summary>
public class ChunkStoreModelTests
{
    private static readonly Redundancy TwoOne = new(2, 1);

    public enum Kind
    {
        Append,
        AppendEqual,
        Reference,
        Release,
        Read,
        Commit,
        SealCommit,
        Flush,
        Journal,
        Crash,
        LoseLocalDisk,
        CloudAway,
        CloudBack,
    }

    public readonly record struct Step(Kind Kind, int Number);

    private static readonly Gen<Step[]> GenSteps =
        Gen.Select(Gen.Frequency(
            (8, Gen.Const(Kind.Append)), (2, Gen.Const(Kind.AppendEqual)), (2, Gen.Const(Kind.Reference)), (6, Gen.Const(Kind.Release)),
            (3, Gen.Const(Kind.Read)), (3, Gen.Const(Kind.Commit)), (1, Gen.Const(Kind.SealCommit)), (1, Gen.Const(Kind.Flush)), (1, Gen.Const(Kind.Journal)),
            (1, Gen.Const(Kind.Crash)), (1, Gen.Const(Kind.LoseLocalDisk)), (1, Gen.Const(Kind.CloudAway)), (1, Gen.Const(Kind.CloudBack))),
            Gen.Int[0, 1_000_000]).Select((kind, number) => new Step(kind, number)).Array[10, 60];

    [Fact]
    public Task What_was_committed_is_always_there() => GenSteps.SampleAsync(RunAsync, iter: 30, threads: 1);

    private static async Task RunAsync(Step[] steps)
    {
        await using var fixture = new StoreFixture(TwoOne, configure: static options => options with { MemoryCacheLimit = 200_000, DirectoryPageLimit = 16, DiskCacheLimit = 600_000 });
        var model = new Model();
        foreach (var step in steps)
            await RunAsync(fixture, model, step);
        fixture.Commit();
        model.Commit();
        await CheckAsync(fixture, model);
        fixture.Plans.ForEach(static plan => plan.Offline = false);
        await LoseLocalDiskAsync(fixture, model);
        await CheckAsync(fixture, model);
    }

    private static async Task RunAsync(StoreFixture fixture, Model model, Step step)
    {
        switch (step.Kind)
        {
            case Kind.Append:
                model.Add(fixture, Content(step.Number));
                break;
            case Kind.AppendEqual when model.Pick(step.Number) is { } equal:
                model.Add(fixture, equal.Plain);
                break;
            case Kind.Reference when model.Pick(step.Number) is { } more:
                fixture.Store.AddReference(more.Chunk);
                model.Now[more.Chunk] = (more.Plain, more.References + 1);
                break;
            case Kind.Release when model.Pick(step.Number) is { } less:
                model.Release(fixture, less.Chunk);
                break;
            case Kind.Read when model.Pick(step.Number) is { } read:
                Assert.Equal(read.Plain, await fixture.ReadAsync(read.Chunk, read.Plain.Length));
                break;
            case Kind.Commit:
                fixture.Commit();
                model.Commit();
                break;
            case Kind.SealCommit:
                fixture.Commit(seal: true);
                model.Commit();
                break;
            case Kind.Flush:
                fixture.Plans.ForEach(static plan => plan.Offline = false);
                await fixture.UploadAllAsync();
                model.Commit();
                break;
            case Kind.Journal:
                fixture.Store.Journaled(fixture.Metadata.Sequence);
                break;
            case Kind.Crash:
                await fixture.ReopenAsync();
                model.Crash();
                break;
            case Kind.LoseLocalDisk:
                fixture.Plans.ForEach(static plan => plan.Offline = false);
                await LoseLocalDiskAsync(fixture, model);
                break;
            case Kind.CloudAway:
                fixture.Plans.ForEach(static plan => plan.Offline = false);
                fixture.Plans[step.Number % fixture.Plans.Count].Offline = true;
                break;
            case Kind.CloudBack:
                fixture.Plans.ForEach(static plan => plan.Offline = false);
                break;
        }
    }

    private static async Task LoseLocalDiskAsync(StoreFixture fixture, Model model)
    {
        await fixture.UploadAllAsync();
        model.Commit();
        await fixture.ReopenWithoutLocalFilesAsync();
    }

    private static async Task CheckAsync(StoreFixture fixture, Model model)
    {
        foreach (var (chunk, (plain, _)) in model.Now)
            Assert.Equal(plain, await fixture.ReadAsync(chunk, plain.Length));
        var references = new Dictionary<ChunkRef, uint>();
        fixture.Store.VisitReferences(references.Add);
        Assert.Equal(model.Now.ToDictionary(static pair => pair.Key, static pair => pair.Value.References), references);
        var report = await fixture.Store.VerifyAsync(askClouds: false, null, CancellationToken.None);
        Assert.Empty(report.Problems);
    }

    private static byte[] Content(int number)
    {
        var random = new Random(number);
        var plain = new byte[random.Next(1, 50_000)];
        random.NextBytes(plain);
        return plain;
    }

    private sealed class Model
    {
        private Dictionary<ChunkRef, (byte[] Plain, uint References)> _committed = [];

        public Dictionary<ChunkRef, (byte[] Plain, uint References)> Now { get; private set; } = [];

        public void Add(StoreFixture fixture, byte[] plain)
        {
            var chunk = fixture.Add(plain);
            Now[chunk] = (plain, Now.GetValueOrDefault(chunk).References + 1);
        }

        public void Release(StoreFixture fixture, ChunkRef chunk)
        {
            fixture.Store.RemoveReference(chunk);
            var (plain, references) = Now[chunk];
            if (references == 1)
                Now.Remove(chunk);
            else
                Now[chunk] = (plain, references - 1);
        }

        public (ChunkRef Chunk, byte[] Plain, uint References)? Pick(int number)
        {
            if (Now.Count == 0)
                return null;
            var (chunk, (plain, references)) = Now.ElementAt(number % Now.Count);
            return (chunk, plain, references);
        }

        public void Commit() => _committed = new(Now);

        public void Crash() => Now = new(_committed);
    }
}
