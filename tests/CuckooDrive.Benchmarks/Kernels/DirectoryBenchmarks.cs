using System.Text;
using BenchmarkDotNet.Attributes;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using CuckooDrive.Testing.Chunks;
using CuckooDrive.Testing.Metadata;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Benchmarks.Kernels;

/// <summary>Finding a name in a directory that is in memory: what each component of a path costs the file system.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls the cleanup.")]
public class DirectoryBenchmarks
{
    private const uint FileMode = 0x1A4;
    private static readonly byte[] Missing = "no such name"u8.ToArray();
    private readonly DriveKeys _keys = DriveKeys.FromMaster(new byte[DriveKeys.KeyLength], new byte[DriveKeys.DriveIdLength]);
    private byte[][] _names = [];
    private Volume _volume = null!;
    private int _turn;

    [Params(100, 10_000)]
    public int Entries { get; set; }

    [GlobalSetup]
    public async Task PrepareAsync()
    {
        var store = new MemoryMetadataStore();
        _volume = new Volume(store, new MemoryChunkStore(store), _keys, new VolumeOptions { CommitInterval = TimeSpan.FromHours(1) }, TimeProvider.System, NullLogger.Instance);
        _names = [.. Enumerable.Range(0, Entries).Select(number => Encoding.ASCII.GetBytes($"file-{number:d7}.dat"))];
        foreach (var name in _names)
        {
            var made = await _volume.CreateAsync(IFileSystem.RootInode, name, FileMode, OpenOptions.Write, default, default);
            _volume.Release(made.Value.Entry.Attributes.Inode, made.Value.Handle);
        }
    }

    [GlobalCleanup]
    public async Task CleanAsync() => await _volume.DisposeAsync();

    [Benchmark]
    public async ValueTask<ulong> LookUp()
    {
        var found = await _volume.LookupAsync(IFileSystem.RootInode, _names[_turn++ % _names.Length], default);
        _volume.Forget(found.Value.Attributes.Inode, 1);
        return found.Value.Attributes.Inode;
    }

    [Benchmark]
    public async ValueTask<FsError> LookUpMissing() => (await _volume.LookupAsync(IFileSystem.RootInode, Missing, default)).Error;
}
