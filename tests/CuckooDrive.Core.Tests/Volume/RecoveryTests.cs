using System.Buffers.Binary;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What a mount finishes of what was under way when the last one ended.</summary>
public sealed class RecoveryTests
{
    private const int Regions = 200;

    /// <summary>A mount must not need memory for all of a large file that was being written.</summary>
    [Fact]
    public async Task OfAFileThatWasBeingWrittenOnlyWhatLiesBehindItsRecordedEndIsRead()
    {
        await using var test = new TestVolume();
        var file = await test.MakeFileAsync("file");
        for (var region = 0L; region < Regions; region++)
            await test.WriteAsync(file, region * Region.Size, [(byte)region]);
        var handle = (await test.Volume.OpenAsync(file, OpenOptions.Write, default)).Value.Handle;
        // The kernel has sent the second of two pages: the file is recorded up to the first.
        await test.Volume.WriteAsync(file, handle, Regions * (long)Region.Size, new byte[] { 7 }, WriteOptions.FromPageCache, default);
        await test.SyncAsync();

        using var store = test.Store.Crash();
        var read = new List<long>();
        store.Scanned = key =>
        {
            if (key[0] == MetadataKey.TypeExtents)
                read.Add((long)BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan(9)));
        };
        using var keys = DriveKeys.FromMaster(new byte[32], new byte[16]);
        var options = new VolumeOptions { CommitInterval = TimeSpan.FromHours(1) };
        await using (var volume = new Core.Volume.Volume(store, test.Chunks.Crash(store), keys, options, TimeProvider.System, NullLogger.Instance))
        {
            Assert.Equal([Regions - 1], read);
            Assert.Equal((Regions - 1) * (long)Region.Size + 1, (await volume.GetAttributesAsync(file, default)).Value.Size);
        }
        store.Scanned = null;
        var check = VolumeChecker.Run(store);
        Assert.Empty(check.Problems);
        Assert.Equal(Regions, check.References.Count);
        test.Volume.Release(file, handle);
    }
}
