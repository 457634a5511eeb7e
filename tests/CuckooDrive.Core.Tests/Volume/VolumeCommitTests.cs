using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Core.Tests.Chunks;
using CuckooDrive.Core.Volume;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What happens to a commit when writers do not wait for it.</summary>
public sealed class VolumeCommitTests
{
    [Fact]
    public async Task AnOverwriteDuringACommitIsMadeDurableByItsOwnSync()
    {
        await using var test = new TestVolume();
        var other = await test.MakeFileAsync("other");
        var file = await test.MakeFileAsync("file");
        await test.WriteAsync(file, 0, [1, 1, 1]);
        await test.SyncAsync();

        // Arrives when the commit has looked for dirty data already, and changes no size.
        var arrived = false;
        test.Chunks.Hook = at =>
        {
            if (at != "append" || arrived)
                return;
            arrived = true;
            test.WriteAsync(file, 0, [2, 2, 2]).GetAwaiter().GetResult();
        };
        await test.WriteAsync(other, 0, [9]);
        await test.SyncAsync();
        Assert.True(arrived);
        await test.SyncAsync();

        await test.CrashAsync();
        Assert.Equal([2, 2, 2], await test.ReadAsync(await test.FindAsync("file"), 0, 3));
    }

    /// <summary>The journal goes up to such a commit. A pack in an earlier one would else count as unknown to the clouds, and be removed there too soon.</summary>
    [Fact]
    public async Task ACommitThatSealsIsToldToTheChunkStoreAlsoWhenNothingHasChanged()
    {
        await using var test = new TestVolume();
        await test.WriteAsync(await test.MakeFileAsync("file"), 0, [1]);
        await test.SyncAsync();
        var told = 0;
        test.Chunks.Hook = at => told += at == "committed" ? 1 : 0;
        await test.SyncAsync();
        Assert.Equal(0, told);
        await test.Volume.CommitAsync(sealPacks: true, hook: null, TestContext.Current.CancellationToken);
        Assert.Equal(1, told);
    }

    /// <summary>An editor's save: whichever moment a crash finds, there is the old file or the new one.</summary>
    [Theory]
    [InlineData(RenameOptions.None)]
    [InlineData(RenameOptions.Exchange)]
    public async Task AFileSavedByRenameDuringACommitIsNotRecordedWithoutItsData(RenameOptions options)
    {
        await using var test = new TestVolume();
        await test.WriteAsync(await test.MakeFileAsync("file"), 0, [1, 1, 1]);
        var other = await test.MakeFileAsync("other");
        await test.SyncAsync();

        // All of it comes when the commit has looked for dirty data already.
        var arrived = false;
        test.Chunks.Hook = at =>
        {
            if (at != "append" || arrived)
                return;
            arrived = true;
            SaveByRenameAsync(test, options).GetAwaiter().GetResult();
        };
        await test.WriteAsync(other, 0, [9]);
        await test.SyncAsync();
        Assert.True(arrived);

        await test.CrashAsync();
        Assert.Equal([2, 2, 2], await test.ReadAsync(await test.FindAsync("file"), 0, 3));
        test.Check();
    }

    /// <summary>A commit goes on without data that the staging disk refuses; the synced content that it was to replace must not go then.</summary>
    [Theory]
    [InlineData(RenameOptions.None)]
    [InlineData(RenameOptions.Exchange)]
    public async Task AFileIsNotReplacedByOneWhoseDataCannotBeStored(RenameOptions options)
    {
        await using var test = new TestVolume();
        await test.WriteAsync(await test.MakeFileAsync("file"), 0, [1, 1, 1]);
        await test.SyncAsync();
        await test.WriteAsync(await test.MakeFileAsync("new"), 0, [2, 2, 2]);
        test.Chunks.IsFull = true;
        Assert.Equal(FsError.NoSpace, await RenameAsync(test, options));
        await test.SyncAsync();
        test.Chunks.IsFull = false;
        await test.CrashAsync();
        Assert.Equal([1, 1, 1], await test.ReadAsync(await test.FindAsync("file"), 0, 3));
        test.Check();
    }

    [Fact]
    public async Task ASyncEndsWhileFilesAreSavedByRenameAgainAndAgain()
    {
        const int Limit = 200;
        await using var test = new TestVolume();
        var file = await test.MakeFileAsync("file");
        await test.WriteAsync(file, 0, [1, 1, 1]);
        var appends = 0;
        var isSaving = false;
        test.Chunks.Hook = at =>
        {
            if (at != "append" || ++appends >= Limit)
                return;
            if (isSaving)
            {
                // The rename flushes what it puts there; more is written meanwhile.
                WriteToNewAsync(test).GetAwaiter().GetResult();
                return;
            }
            isSaving = true;
            SaveByRenameAsync(test, RenameOptions.None).GetAwaiter().GetResult();
            isSaving = false;
        };
        await test.SyncAsync().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var needed = appends;
        test.Chunks.Hook = null;
        Assert.True(needed < Limit, "The sync has ended only when the writer did.");
    }

    private static async Task SaveByRenameAsync(TestVolume test, RenameOptions options)
    {
        await test.WriteAsync(await test.MakeFileAsync("new"), 0, [2, 2, 2]);
        Assert.Equal(FsError.None, await RenameAsync(test, options));
    }

    private static async Task WriteToNewAsync(TestVolume test) => await test.WriteAsync(await test.FindAsync("new"), 0, [3, 3, 3]);

    private static Task<FsError> RenameAsync(TestVolume test, RenameOptions options) =>
        test.Volume.RenameAsync(IFileSystem.RootInode, TestVolume.Name("new"), IFileSystem.RootInode, TestVolume.Name("file"), options, default).AsTask();

    /// <summary>The next commit still looks at a file of which all that was dirty has been cut: another object for it must not come in between.</summary>
    [Fact]
    public async Task AFileWhoseDirtyDataWasCutDuringACommitStaysInMemoryUntilTheNext()
    {
        const int Others = 100;
        var clock = new WatchedClock();
        await using var test = new TestVolume(new VolumeOptions { InodeCacheLimit = 8, CommitInterval = TimeSpan.FromHours(1) }, clock);
        await test.WriteAsync(await test.MakeFileAsync("file"), 0, [1, 1, 1]);
        for (var i = 0; i < Others; i++)
            await test.MakeFileAsync("other" + i);
        await test.RemountAsync();

        // Of a file with a gap the commit asks how long it has waited: after its flush, before it collects.
        var file = await test.FindAsync("file");
        var gapped = await test.FindAsync("other0");
        var handle = (await test.Volume.OpenAsync(gapped, OpenOptions.Write, default)).Value.Handle;
        await test.Volume.WriteAsync(gapped, handle, 100, new byte[] { 9 }, WriteOptions.FromPageCache, default);
        var arrived = false;
        clock.Read = () =>
        {
            if (arrived)
                return;
            arrived = true;
            WriteAndPunchAsync(test, file).GetAwaiter().GetResult();
        };
        await test.SyncAsync();
        clock.Read = null;
        Assert.True(arrived);
        test.Volume.Release(gapped, handle);

        for (var i = 1; i < Others; i++)
            await test.FindAsync("other" + i);
        await test.WriteAsync(await test.FindAsync("file"), 3, [4, 4, 4]);
        await test.SyncAsync();
        await test.CrashAsync();
        Assert.Equal([0, 0, 0, 4, 4, 4], await test.ReadAsync(await test.FindAsync("file"), 0, 6));
        test.Check();
    }

    private static async Task WriteAndPunchAsync(TestVolume test, ulong file)
    {
        var handle = (await test.Volume.OpenAsync(file, OpenOptions.Write, default)).Value.Handle;
        await test.Volume.WriteAsync(file, handle, 0, new byte[] { 2, 2, 2 }, WriteOptions.None, default);
        Assert.Equal(FsError.None, await test.Volume.AllocateAsync(file, handle, 0, 3, AllocateOptions.PunchHole | AllocateOptions.KeepSize, default));
        test.Volume.Release(file, handle);
    }

    /// <summary>What comes after a sync began is not waited for: a program that writes the same places again and again would never let it end.</summary>
    [Fact]
    public async Task ASyncEndsWhileTheSamePlacesAreWrittenAgainAndAgain()
    {
        const int Cell = 128 << 10, Cells = 16, Limit = 600;
        await using var test = new TestVolume();
        var file = await test.MakeFileAsync("file");
        var appends = 0;
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        test.Chunks.Hook = at =>
        {
            if (at != "append")
                return;
            Interlocked.Increment(ref appends);
            first.TrySetResult();
            // As long as a cell takes to be compressed: the writer has written the next one by then.
            Thread.Sleep(5);
        };
        var stop = false;
        var limit = int.MaxValue;
        var data = new byte[Cell];
        var writer = Task.Run(async () =>
        {
            var opened = await test.Volume.OpenAsync(file, OpenOptions.Write, default);
            for (var i = 0L; !Volatile.Read(ref stop) && Volatile.Read(ref appends) < Volatile.Read(ref limit); i++)
                await test.Volume.WriteAsync(file, opened.Value.Handle, i % Cells * Cell, data, WriteOptions.None, default);
            test.Volume.Release(file, opened.Value.Handle);
        });
        await first.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var before = Volatile.Read(ref appends);
        Volatile.Write(ref limit, before + Limit);
        Assert.Equal(FsError.None, await test.Volume.SyncAsync(file, false, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        var needed = Volatile.Read(ref appends) - before;
        Volatile.Write(ref stop, true);
        await writer.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.True(needed < Limit, "The sync has ended only when the writer did.");
    }

    /// <summary>Many small files are copied: their data is flushed again and again for the sake of memory, which commits nothing.</summary>
    [Fact]
    public async Task WritersThatKeepTheFlushBusyDoNotPutOffTheCommit()
    {
        const int Small = 4096, Cell = 128 << 10, Cells = 9;
        await using var test = new TestVolume(new VolumeOptions { DirtyLimit = 2 * (Cells - 1) * Small });
        var file = await test.MakeFileAsync("file");
        await test.SyncAsync();
        var before = test.Store.Sequence;
        var opened = await test.Volume.OpenAsync(file, OpenOptions.Write, default);
        var begun = Environment.TickCount64;
        while (test.Store.Sequence == before && Environment.TickCount64 - begun < 30_000)
        {
            for (var cell = 0L; cell < Cells; cell++)
                await test.Volume.WriteAsync(file, opened.Value.Handle, cell * Cell, new byte[Small], WriteOptions.None, default);
            await Task.Delay(20);
        }
        Assert.NotEqual(before, test.Store.Sequence);
        test.Volume.Release(file, opened.Value.Handle);
    }

    /// <summary>A disk that stays full for hours: each attempt must not need more room, or memory, than the one before.</summary>
    [Fact]
    public async Task ACommitThatFindsNoRoomDoesNotGrowWithEachAttempt()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var store = new FullStore(fixture.Metadata);
        var options = new VolumeOptions { CommitInterval = TimeSpan.FromHours(1), CommitRetryDelay = TimeSpan.FromMilliseconds(1) };
        var volume = new Core.Volume.Volume(store, fixture.Store, fixture.Keys, options, TimeProvider.System, NullLogger.Instance);
        await using (volume)
        {
            var created = await volume.CreateAsync(IFileSystem.RootInode, "file"u8.ToArray(), 0x1A4, OpenOptions.Write, TestVolume.Root, default);
            var (inode, handle) = (created.Value.Entry.Attributes.Inode, created.Value.Handle);
            for (var at = 0L; at < 20; at++)
                await volume.WriteAsync(inode, handle, at * 200_000, StoreFixture.Random(5000), WriteOptions.None, default);
            store.IsFull = true;
            var answers = new List<FsError>();
            while (answers.Count < 30)
                answers.Add(await volume.SyncAsync(inode, false, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
            store.IsFull = false;
            Assert.All(answers, static answer => Assert.Equal(FsError.NoSpace, answer));
            Assert.InRange(store.Attempts[^1], 1, store.Attempts[2] + 100);
            Assert.Equal(FsError.None, await volume.SyncAsync(inode, false, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
            volume.Release(inode, handle);
        }
        Assert.Empty(VolumeChecker.Run(fixture.Metadata).Problems);
    }

    /// <summary>Whoever makes room by removing files while no commit succeeds must not fill the memory with what is left of them.</summary>
    [Fact]
    public async Task WhatWasRemovedWhileCommitsFailedLeavesMemoryWithTheFirstThatSucceeds()
    {
        await using var fixture = new StoreFixture(new Redundancy(2, 1));
        var store = new FullStore(fixture.Metadata);
        var options = new VolumeOptions { CommitInterval = TimeSpan.FromHours(1), CommitRetryDelay = TimeSpan.FromMilliseconds(1) };
        await using var volume = new Core.Volume.Volume(store, fixture.Store, fixture.Keys, options, TimeProvider.System, NullLogger.Instance);
        var made = await volume.MakeNodeAsync(IFileSystem.RootInode, "file"u8.ToArray(), 0x81A4, 0, TestVolume.Root, default);
        var inode = made.Value.Attributes.Inode;
        Assert.Equal(FsError.None, await volume.SyncAsync(inode, false, default));
        store.IsFull = true;
        Assert.Equal(FsError.None, await volume.UnlinkAsync(IFileSystem.RootInode, "file"u8.ToArray(), default));
        volume.Forget(inode, 1);
        Assert.Equal(FsError.NoSpace, await volume.SyncAsync(IFileSystem.RootInode, false, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        store.IsFull = false;
        Assert.Equal(FsError.None, await volume.SyncAsync(IFileSystem.RootInode, false, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        var looks = store.Looks;
        Assert.Equal(FsError.Stale, (await volume.GetAttributesAsync(inode, default)).Error);
        Assert.True(store.Looks > looks, "It is still in memory.");
    }

    private sealed class WatchedClock : TimeProvider
    {
        /// <summary>Called whenever somebody measures time.</summary>
        public Action? Read { get; set; }

        public override long GetTimestamp()
        {
            Read?.Invoke();
            return base.GetTimestamp();
        }
    }

    private sealed class FullStore(IMetadataStore inner) : IMetadataStore
    {
        public bool IsFull { get; set; }

        /// <summary>Bytes of each batch that found no room.</summary>
        public List<int> Attempts { get; } = [];

        /// <summary>How often a row was asked for.</summary>
        public int Looks { get; private set; }

        public long Sequence => inner.Sequence;

        public byte[]? Get(ReadOnlySpan<byte> key)
        {
            Looks++;
            return inner.Get(key);
        }

        public void Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, RowVisitor visit) => inner.Scan(from, to, visit);

        public long Commit(MetadataBatch batch, bool durable)
        {
            if (!IsFull)
                return inner.Commit(batch, durable);
            Attempts.Add(batch.Encoded.Length);
            throw new MetadataStoreFullException("The disk is full.");
        }

        public void ReadJournal(long after, JournalVisitor visit) => inner.ReadJournal(after, visit);

        public void TrimJournal(long sequence) => inner.TrimJournal(sequence);

        public void Dispose()
        {
        }
    }
}
