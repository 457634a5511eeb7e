using System.Text;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using CuckooDrive.Testing.Chunks;
using CuckooDrive.Testing.Metadata;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>A volume over stores in memory that can be remounted and crashed, with short forms of the operations.</summary>
internal sealed class TestVolume : IAsyncDisposable
{
    public static readonly Caller Root = new(0, 0);

    private readonly DriveKeys _keys = DriveKeys.FromMaster(new byte[32], new byte[16]);
    private readonly VolumeOptions _options;
    private readonly TimeProvider _time;

    public TestVolume(VolumeOptions? options = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _options = (options ?? new VolumeOptions { CommitInterval = TimeSpan.FromHours(1) }) with { CommitRetryDelay = TimeSpan.FromMilliseconds(1) };
        Store = new MemoryMetadataStore();
        Chunks = new MemoryChunkStore(Store);
        Volume = Open();
    }

    public MemoryMetadataStore Store { get; private set; }

    public MemoryChunkStore Chunks { get; private set; }

    public Core.Volume.Volume Volume { get; private set; }

    public async Task RemountAsync()
    {
        await Volume.DisposeAsync();
        Chunks = Chunks.Crash(Store);
        Volume = Open();
    }

    /// <summary>Loses everything that is not durable; the old volume is stopped without writing any more.</summary>
    public async Task CrashAsync()
    {
        var (oldVolume, oldStore) = (Volume, Store);
        Store = oldStore.Crash();
        Chunks = Chunks.Crash(Store);
        Volume = Open();
        oldStore.Hook = _ => throw new IOException("This machine has crashed.");
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await oldVolume.CommitAsync(false, new AlwaysChanged(), CancellationToken.None);
        });
    }

    public void Check()
    {
        var check = VolumeChecker.Run(Store);
        Assert.Empty(check.Problems);
        var counted = check.References.OrderBy(r => r.Key.Pack).ThenBy(r => r.Key.Number);
        var recorded = Chunks.Crash(Store).References.OrderBy(r => r.Key.Pack).ThenBy(r => r.Key.Number);
        Assert.Equal(counted.Select(r => (r.Key, r.Value)), recorded.Select(r => (r.Key, r.Value)));
    }

    public async Task<ulong> MakeFileAsync(string name, ulong parent = IFileSystem.RootInode)
    {
        var created = await Volume.CreateAsync(parent, Name(name), 0x1A4, OpenOptions.Read | OpenOptions.Write, Root, default);
        Assert.Equal(FsError.None, created.Error);
        Volume.Release(created.Value.Entry.Attributes.Inode, created.Value.Handle);
        return created.Value.Entry.Attributes.Inode;
    }

    public async Task WriteAsync(ulong inode, long offset, byte[] data)
    {
        var opened = await Volume.OpenAsync(inode, OpenOptions.Write, default);
        var written = await Volume.WriteAsync(inode, opened.Value.Handle, offset, data, WriteOptions.None, default);
        Volume.Release(inode, opened.Value.Handle);
        Assert.Equal(FsError.None, written.Error);
        Assert.Equal(data.Length, written.Value);
    }

    public async Task<byte[]> ReadAsync(ulong inode, long offset, int length)
    {
        var opened = await Volume.OpenAsync(inode, OpenOptions.Read, default);
        Assert.Equal(FsError.None, opened.Error);
        var buffer = Enumerable.Repeat((byte)0xEE, length).ToArray();
        var read = await Volume.ReadAsync(inode, opened.Value.Handle, offset, buffer, default);
        Volume.Release(inode, opened.Value.Handle);
        Assert.Equal(FsError.None, read.Error);
        return buffer[..read.Value];
    }

    public async Task<ulong> FindAsync(string name, ulong parent = IFileSystem.RootInode)
    {
        var found = await Volume.LookupAsync(parent, Name(name), default);
        Assert.Equal(FsError.None, found.Error);
        Volume.Forget(found.Value.Attributes.Inode, 1);
        return found.Value.Attributes.Inode;
    }

    public async Task SyncAsync() => Assert.Equal(FsError.None, await Volume.SyncAsync(IFileSystem.RootInode, false, default));

    public async ValueTask DisposeAsync()
    {
        await Volume.DisposeAsync();
        Assert.Equal(0, Chunks.HoldCount);
        Assert.Equal(0, Chunks.ReservedBytes);
        _keys.Dispose();
    }

    public static byte[] Name(string name) => Encoding.UTF8.GetBytes(name);

    private Core.Volume.Volume Open() => new(Store, Chunks, _keys, _options, _time, NullLogger.Instance);

    private sealed class AlwaysChanged : Core.Metadata.ICommitHook
    {
        public void AddRows(Core.Metadata.MetadataBatch batch) => batch.Put("Scrash"u8, "x"u8);

        public void Committed(long sequence)
        {
        }
    }
}
