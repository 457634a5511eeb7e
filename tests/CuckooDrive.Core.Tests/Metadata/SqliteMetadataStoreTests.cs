using System.Text;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;
using Xunit;
using static CuckooDrive.Core.Tests.Metadata.MetadataFixture;

namespace CuckooDrive.Core.Tests.Metadata;

public sealed class SqliteMetadataStoreTests
{
    [Fact]
    public void AFoldedBatchGivesTheSameRowsOnceEach()
    {
        var batch = new MetadataBatch();
        batch.Put("Ia"u8, "1"u8);
        batch.Put("Ib"u8, "22"u8);
        batch.Delete("Ia"u8);
        batch.Put("Ic"u8, ""u8);
        batch.Put("Ib"u8, "3"u8);
        batch.Fold();
        batch.Put("Id"u8, "4"u8);
        var rows = new List<string>();
        foreach (var operation in MetadataBatch.Read(batch.Encoded))
            rows.Add($"{Encoding.ASCII.GetString(operation.Key)}{(operation.IsDelete ? "-" : "=")}{Encoding.ASCII.GetString(operation.Value)}");
        Assert.Equal(["Ia-", "Ic=", "Ib=3", "Id=4"], rows);
        Assert.Equal(4, batch.Count);
    }

    [Fact]
    public void AnEmptyBatchTakesNoNumberAndReachesNoJournal()
    {
        using var fixture = new MetadataFixture();
        var batch = new MetadataBatch();
        Assert.Equal(0, fixture.Store.Commit(batch, durable: true));
        batch.Put("a"u8, "1"u8);
        Assert.Equal(1, fixture.Store.Commit(batch, durable: false));
        batch.Clear();
        Assert.Equal(1, fixture.Store.Commit(batch, durable: true));
        Assert.Equal(1, fixture.Store.CountJournal(0).Batches);
    }

    [Fact]
    public void ALargeBatchComesBackFromTheJournalInParts()
    {
        using var fixture = new MetadataFixture();
        var batch = new MetadataBatch();
        var value = new byte[5_000];
        for (var i = 0; i < 1_000; i++)
            batch.Put([1, (byte)(i >> 8), (byte)i], value);
        batch.Put("large"u8, new byte[3 << 20]);
        batch.Delete("gone"u8);
        fixture.Store.Commit(batch, durable: true);
        batch = new MetadataBatch();
        batch.Put("next"u8, value);
        fixture.Store.Commit(batch, durable: true);
        fixture.Reopen();
        Assert.Equal((2, 2), (fixture.Store.Sequence, fixture.Store.CountJournal(0).Batches));
        var parts = new List<long>();
        var operations = 0;
        fixture.Store.ReadJournal(0, (sequence, part) =>
        {
            parts.Add(sequence);
            foreach (var _ in MetadataBatch.Read(part))
                operations++;
            return true;
        });
        Assert.True(parts.Count > 5);
        Assert.Equal(1_003, operations);
        fixture.Store.TrimJournal(1);
        Assert.Equal(1, fixture.Store.CountJournal(0).Batches);
        fixture.Store.TrimJournal(2);
        fixture.Reopen();
        Assert.Equal((2, 0), (fixture.Store.Sequence, fixture.Store.CountJournal(0).Batches));
    }

    [Fact]
    public void AMalformedBatchChangesNothingAndTheStoreGoesOn()
    {
        using var fixture = new MetadataFixture();
        var batch = new MetadataBatch();
        batch.Put("a"u8, "1"u8);
        Assert.Throws<InvalidDataException>(() => batch.Append([1, 200, 7]));
        fixture.Store.Commit(batch, durable: true);
        Assert.Equal("1", Text(fixture.Store.Get("a"u8)));
    }

    [Fact]
    public async Task ReadersSeeEachCommitWholeWhileItRuns()
    {
        using var fixture = new MetadataFixture();
        const int Rows = 50;
        CommitRound(fixture.Store, Rows, 0);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            var scans = 0;
            while (!stop.IsCancellationRequested || scans == 0)
            {
                var values = new HashSet<string>();
                fixture.Store.Scan("r"u8, "s"u8, (_, value) => values.Add(Encoding.UTF8.GetString(value)) || true);
                Assert.Single(values);
                var before = fixture.Store.Sequence;
                var round = int.Parse(Encoding.UTF8.GetString(fixture.Store.Get("r00"u8)!));
                Assert.True(round >= before - 1, "an acknowledged commit was not seen");
                scans++;
            }
        })).ToArray();
        for (var round = 1; round <= 300; round++)
            CommitRound(fixture.Store, Rows, round);
        stop.Cancel();
        await Task.WhenAll(readers);
    }

    [Fact]
    public void ASnapshotStaysWhereItIs()
    {
        using var fixture = new MetadataFixture();
        CommitRound(fixture.Store, 10, 7);
        using var snapshot = fixture.Store.TakeSnapshot();
        CommitRound(fixture.Store, 10, 8);
        Assert.Equal(1, snapshot.Sequence);
        Assert.Equal("7", Text(snapshot.Get("r03"u8)));
        Assert.Equal("8", Text(fixture.Store.Get("r03"u8)));
    }

    [Fact]
    public void ALongLogIsEmptiedWhileWritersAndReadersGoOn()
    {
        using var fixture = new MetadataFixture();
        var batch = new MetadataBatch();
        var value = new byte[2000];
        var written = 0L;
        for (var round = 0; round < 200; round++)
        {
            batch.Clear();
            for (var i = 0; i < 200; i++)
                batch.Put(Encoding.ASCII.GetBytes($"k{(round * 7919 + i * 104729) % 4000:d5}"), value);
            written += batch.Encoded.Length;
            fixture.Store.TrimJournal(fixture.Store.Commit(batch, durable: false));
            Assert.Equal(2000, fixture.Store.Get(Encoding.ASCII.GetBytes($"k{round * 7919 % 4000:d5}"))!.Length);
        }
        Assert.Null(fixture.Store.Failure);
        fixture.Reopen();
        Assert.True(fixture.Store.MeasureSize() < written, "the log or the journal was never emptied");
        Assert.Empty(fixture.Store.CheckIntegrity());
    }

    [Fact]
    public void LoadedRowsAreNotJournaledAndTheNumbersGoOn()
    {
        using var fixture = new MetadataFixture();
        var batch = new MetadataBatch();
        batch.Put("a"u8, "1"u8);
        fixture.Store.Load(batch);
        fixture.Store.FinishLoad(41);
        fixture.Reopen();
        Assert.Equal(41, fixture.Store.Sequence);
        Assert.Equal("1", Text(fixture.Store.Get("a"u8)));
        Assert.Equal(0, fixture.Store.CountJournal(0).Batches);
        Assert.Equal(42, fixture.Store.Commit(batch, durable: true));
    }

    [Fact]
    public void LocalRecordsStayAndAreNotJournaled()
    {
        using var fixture = new MetadataFixture();
        fixture.Store.PutLocal("shipped", "one"u8);
        fixture.Store.PutLocal("shipped", "two"u8);
        fixture.Reopen();
        Assert.Equal("two", Text(fixture.Store.GetLocal("shipped")));
        Assert.Null(fixture.Store.GetLocal("other"));
        Assert.Equal(0, fixture.Store.Sequence);
    }

    [Fact]
    public void NothingOfAValueLiesInTheFiles()
    {
        using var fixture = new MetadataFixture();
        var secret = "a very secret file name"u8.ToArray();
        var batch = new MetadataBatch();
        for (var i = 0; i < 100; i++)
            batch.Put([1, (byte)i], secret);
        fixture.Store.Commit(batch, durable: true);
        fixture.Store.PutLocal("x", secret);
        fixture.Reopen();
        fixture.Store.Dispose();
        var files = System.IO.Directory.GetFiles(fixture.Directory);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(-1, File.ReadAllBytes(file).AsSpan().IndexOf(secret.AsSpan(2, 12))));
    }

    [Fact]
    public void FilesBelongToTheirOwnerAlone()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var fixture = new MetadataFixture();
        CommitRound(fixture.Store, 10, 1);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(fixture.Directory));
        foreach (var file in System.IO.Directory.GetFiles(fixture.Directory))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void AnotherDrivesKeysDoNotOpenIt()
    {
        using var fixture = new MetadataFixture();
        fixture.Store.Dispose();
        using var other = DriveKeys.FromMaster(new byte[32], new byte[16]);
        Assert.Throws<MetadataCorruptException>(() => SqliteMetadataStore.Open(fixture.Directory, other));
    }

    [Fact]
    public void AStoreIsNeverMadeOverAnother()
    {
        using var fixture = new MetadataFixture();
        Assert.Throws<IOException>(() => SqliteMetadataStore.Create(fixture.Directory, fixture.Keys));
    }

    internal static void CommitRound(SqliteMetadataStore store, int rows, int round)
    {
        var batch = new MetadataBatch();
        for (var i = 0; i < rows; i++)
            batch.Put(Encoding.ASCII.GetBytes($"r{i:d2}"), Encoding.ASCII.GetBytes($"{round}"));
        store.Commit(batch, durable: false);
    }
}
