using System.Buffers.Binary;
using System.Diagnostics;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;
using Xunit;

namespace CuckooDrive.Core.Tests.Metadata;

/// <summary>A child process writes batches and is killed with SIGKILL in the middle; the store must be whole.</summary>
public sealed class SqliteMetadataStoreCrashTests
{
    private const string ChildVariable = "CUCKOO_TEST_STORE_CHILD";
    private const int RowsPerBatch = 40;

    [Fact]
    public void AfterSigkillEveryAcknowledgedCommitIsThereAndWhole()
    {
        using var fixture = new MetadataFixture();
        fixture.Store.Dispose();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var last = 0L;
        for (var cycle = 0; cycle < 4; cycle++)
        {
            var acknowledged = RunAndKill(fixture.Directory, last + random.Next(5, 400));
            using var store = SqliteMetadataStore.Open(fixture.Directory, fixture.Keys);
            Assert.True(store.Sequence >= acknowledged, $"commit {acknowledged} was acknowledged, {store.Sequence} is the last there (seed {seed})");
            Assert.True(store.Sequence > last);
            last = store.Sequence;
            CheckWhole(store);
        }
    }

    /// <summary>Not a test by itself: the child's body, run by the test above in a process of its own.</summary>
    [Fact]
    public void ChildWritesForEver()
    {
        if (Environment.GetEnvironmentVariable(ChildVariable) is not { } directory)
            return;
        using var fixture = new MetadataFixture(create: false);
        using var store = SqliteMetadataStore.Open(directory, fixture.Keys);
        using var acknowledgements = new FileStream(Path.Combine(directory, "acknowledged"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        var batch = new MetadataBatch();
        Span<byte> value = stackalloc byte[300];
        Span<byte> number = stackalloc byte[8];
        while (true)
        {
            batch.Clear();
            BinaryPrimitives.WriteInt64LittleEndian(value, store.Sequence + 1);
            for (var i = 0; i < RowsPerBatch; i++)
                batch.Put([(byte)'k', (byte)i], value);
            var sequence = store.Commit(batch, durable: store.Sequence % 7 == 0);
            BinaryPrimitives.WriteInt64LittleEndian(number, sequence);
            acknowledgements.Position = 0;
            acknowledgements.Write(number);
            acknowledgements.Flush();
        }
    }

    private static void CheckWhole(SqliteMetadataStore store)
    {
        var seen = new List<long>();
        store.Scan("k"u8, "l"u8, (_, value) =>
        {
            seen.Add(BinaryPrimitives.ReadInt64LittleEndian(value));
            return true;
        });
        Assert.Equal(RowsPerBatch, seen.Count);
        Assert.All(seen, number => Assert.Equal(store.Sequence, number));
        var expected = 1L;
        store.ReadJournal(0, (sequence, _) => sequence == expected++);
        Assert.Equal(store.Sequence + 1, expected);
        Assert.Empty(store.CheckIntegrity());
    }

    private static long RunAndKill(string directory, long commits)
    {
        var file = Path.Combine(directory, "acknowledged");
        File.Delete(file);
        using var child = StartChild(directory);
        try
        {
            var watch = Stopwatch.StartNew();
            while (Read(file) < commits && !child.HasExited && watch.Elapsed < TimeSpan.FromSeconds(60))
                Thread.Sleep(1);
            Assert.False(child.HasExited, "the child ended by itself");
        }
        finally
        {
            child.Kill();
            child.WaitForExit();
        }
        return Read(file);
    }

    private static Process StartChild(string directory)
    {
        var assembly = typeof(SqliteMetadataStoreCrashTests).Assembly.Location;
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { "exec", assembly, "-noLogo", "-method", $"*.{nameof(SqliteMetadataStoreCrashTests)}.{nameof(ChildWritesForEver)}" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[ChildVariable] = directory;
        var child = Process.Start(start)!;
        child.OutputDataReceived += (_, _) => { };
        child.ErrorDataReceived += (_, _) => { };
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }

    private static long Read(string file)
    {
        Span<byte> number = stackalloc byte[8];
        if (!File.Exists(file))
            return 0;
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return stream.Read(number) == 8 ? BinaryPrimitives.ReadInt64LittleEndian(number) : 0;
    }
}
