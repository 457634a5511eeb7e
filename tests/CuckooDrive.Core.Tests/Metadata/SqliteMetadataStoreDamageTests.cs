using CuckooDrive.Core.Metadata;
using SQLitePCL;
using Xunit;
using static CuckooDrive.Core.Tests.Metadata.MetadataFixture;

namespace CuckooDrive.Core.Tests.Metadata;

/// <summary>Rows and files changed behind the store's back are found out, never believed.</summary>
public sealed class SqliteMetadataStoreDamageTests
{
    [Theory]
    [InlineData("UPDATE kv SET v=zeroblob(length(v)) WHERE k=x'6B31'")]
    [InlineData("UPDATE kv SET v=substr(v,1,length(v)-1) WHERE k=x'6B31'")]
    [InlineData("UPDATE kv SET v=v||x'00' WHERE k=x'6B31'")]
    [InlineData("UPDATE kv SET v=x'' WHERE k=x'6B31'")]
    [InlineData("UPDATE kv SET v=(SELECT v FROM kv WHERE k=x'6B32') WHERE k=x'6B31'")]
    public void AChangedRowIsFoundOut(string tamper)
    {
        using var fixture = Filled();
        Tamper(fixture, tamper);
        Assert.Throws<MetadataCorruptException>(() => fixture.Store.Get("k1"u8));
        Assert.Throws<MetadataCorruptException>(() => fixture.Store.Scan("k"u8, "l"u8, (_, _) => true));
        Assert.Equal("two", Text(fixture.Store.Get("k2"u8)));
    }

    [Theory]
    [InlineData("UPDATE journal SET batch=zeroblob(length(batch)) WHERE id>>20=1")]
    [InlineData("UPDATE journal SET batch=(SELECT batch FROM journal WHERE id>>20=2) WHERE id>>20=1")]
    public void AChangedJournalIsFoundOut(string tamper)
    {
        using var fixture = Filled();
        Tamper(fixture, tamper);
        Assert.Throws<MetadataCorruptException>(() => fixture.Store.ReadJournal(0, (_, _) => true));
    }

    [Fact]
    public void ACutFileIsFoundOut()
    {
        using var fixture = Filled();
        fixture.Store.Dispose();
        using (var file = File.OpenWrite(fixture.DatabasePath))
            file.SetLength(file.Length / 2);
        var error = Record.Exception(() =>
        {
            using var store = SqliteMetadataStore.Open(fixture.Directory, fixture.Keys);
            store.Scan([], MetadataFixture.Top, (_, _) => true);
        });
        Assert.IsType<MetadataCorruptException>(error);
    }

    [Fact]
    public void AMissingFileIsNotReplacedByAnEmptyOne()
    {
        using var fixture = Filled();
        fixture.Store.Dispose();
        File.Delete(fixture.DatabasePath);
        Assert.Throws<MetadataCorruptException>(() => SqliteMetadataStore.Open(fixture.Directory, fixture.Keys));
        Assert.False(File.Exists(fixture.DatabasePath));
    }

    [Fact]
    public void BytesAfterTheLogsLastCommitAreIgnored()
    {
        using var fixture = Filled();
        var copy = fixture.Directory + "/copy";
        System.IO.Directory.CreateDirectory(copy);
        foreach (var name in new[] { "metadata.db", "metadata.db-wal" })
            File.Copy(Path.Combine(fixture.Directory, name), Path.Combine(copy, name));
        using (var log = new FileStream(Path.Combine(copy, "metadata.db-wal"), FileMode.Append))
            log.Write(new byte[10_000]);
        using var store = SqliteMetadataStore.Open(copy, fixture.Keys);
        Assert.Equal(2, store.Sequence);
        Assert.Equal("one", Text(store.Get("k1"u8)));
    }

    private static MetadataFixture Filled()
    {
        var fixture = new MetadataFixture();
        var batch = new MetadataBatch();
        batch.Put("k1"u8, "one"u8);
        batch.Put("k2"u8, "two"u8);
        fixture.Store.Commit(batch, durable: true);
        batch.Clear();
        for (var i = 0; i < 500; i++)
            batch.Put([1, (byte)(i >> 8), (byte)i], new byte[100]);
        fixture.Store.Commit(batch, durable: true);
        return fixture;
    }

    private static void Tamper(MetadataFixture fixture, string sql)
    {
        fixture.Store.Dispose();
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(fixture.DatabasePath, out var database));
        using (database)
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(database, sql));
        fixture.Reopen();
    }
}
