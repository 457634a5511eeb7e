using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Clouds.Providers.Folder;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging.Abstractions;

namespace CuckooDrive.Core.Tests.Chunks;

/// <summary>A chunk store over real folders and a real metadata store in a temporary place, that can crash and come back.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    public const int SmallShard = 256 * 1024;

    private static readonly byte[] Master = new byte[32];

    private readonly MetadataBatch _batch = new();

    public StoreFixture(Redundancy redundancy, int clouds = 0, Func<ChunkStoreOptions, ChunkStoreOptions>? configure = null)
    {
        Root = Directory.CreateTempSubdirectory("cuckoo-chunks-").FullName;
        Redundancy = redundancy;
        Configure = configure ?? (static options => options);
        Keys = DriveKeys.FromMaster(Master, new byte[16]);
        for (var i = 0; i < (clouds == 0 ? redundancy.Width : clouds); i++)
            AddCloud(i);
        Directory.CreateDirectory(Path.Combine(Root, "metadata"));
        Metadata = SqliteMetadataStore.Create(Path.Combine(Root, "metadata"), Keys);
        Store = Open();
    }

    public string Root { get; }
    public Redundancy Redundancy { get; }
    public Func<ChunkStoreOptions, ChunkStoreOptions> Configure { get; set; }
    public DriveKeys Keys { get; }
    public List<CloudMember> Members { get; } = [];
    public List<FaultPlan> Plans { get; } = [];
    public SqliteMetadataStore Metadata { get; private set; }
    public ChunkStore Store { get; private set; }

    public string CloudFolder(int cloud) => Path.Combine(Root, $"cloud{cloud}");

    public string Staging => Path.Combine(Root, "staging");

    public string Cache => Path.Combine(Root, "cache");

    /// <summary>Commits as the volume does.</summary>
    public long Commit(bool seal = false)
    {
        _batch.Clear();
        Store.CollectChanges(_batch, seal);
        Store.SyncStaging();
        var sequence = Metadata.Commit(_batch, durable: true);
        Store.Committed(sequence);
        return sequence;
    }

    /// <summary>Appends with a hold.</summary>
    public ChunkRef Append(ReadOnlyMemory<byte> plain) => ((IChunkStore)Store).Append(plain);

    public ChunkRef Add(ReadOnlyMemory<byte> plain)
    {
        var chunk = Append(plain);
        Store.AddReference(chunk);
        Store.ReleaseHold(chunk);
        return chunk;
    }

    public async Task<byte[]> ReadAsync(ChunkRef chunk, int length)
    {
        var buffer = new byte[length];
        await Store.ReadAsync(chunk, 0, buffer, TestContext.Current.CancellationToken);
        return buffer;
    }

    public async Task<long> UploadAllAsync()
    {
        var sequence = Commit(seal: true);
        await Store.WaitForUploadsAsync(sequence, full: true, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
        return Commit();
    }

    /// <summary>A store never commits by itself, so ending one between two commits loses exactly what a crash of the process does.</summary>
    public async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        await ReopenCloudsAsync();
        Store = Open();
    }

    /// <summary>Deletes all local ciphertext, so that reads must go to the clouds.</summary>
    public async Task ReopenWithoutLocalFilesAsync()
    {
        await Store.DisposeAsync();
        foreach (var file in Directory.GetFiles(Staging).Concat(Directory.GetFiles(Cache)))
            File.Delete(file);
        await ReopenCloudsAsync();
        Store = Open();
    }

    public IReadOnlyList<string> ObjectFiles(int cloud)
    {
        try
        {
            return Directory.GetFiles(Path.Combine(CloudFolder(cloud), "shard"), "*", SearchOption.AllDirectories);
        }
        catch (DirectoryNotFoundException)
        {
            // Not made yet, or removed at this moment with the last object in it.
            return [];
        }
    }

    public int ObjectCount() => Enumerable.Range(0, Members.Count).Sum(cloud => ObjectFiles(cloud).Count);

    public static byte[] Random(int length) => RandomNumberGenerator.GetBytes(length);

    public static byte[] Text(int length, int seed) => [.. Enumerable.Range(0, length).Select(i => (byte)('a' + ((i / 7) + (seed * i % 11)) % 20))];

    public async ValueTask DisposeAsync()
    {
        foreach (var plan in Plans)
        {
            plan.Hang = false;
            plan.Offline = false;
        }
        await Store.DisposeAsync();
        Metadata.Dispose();
        foreach (var member in Members)
            await member.Storage.DisposeAsync();
        Keys.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    private ChunkStore Open() => new(
        Configure(new ChunkStoreOptions
        {
            StagingDirectory = Staging,
            CacheDirectory = Cache,
            ShardCapacity = SmallShard,
            InitialBackoff = TimeSpan.FromMilliseconds(20),
            MaximumBackoff = TimeSpan.FromMilliseconds(200),
            // A busy machine keeps a call waiting for a second; tests of clouds that hang shorten it.
            ReadTimeout = TimeSpan.FromSeconds(20),
            HedgeAfter = TimeSpan.FromMilliseconds(100),
        }),
        Keys, Metadata, Members, Redundancy, TimeProvider.System, NullLogger.Instance);

    private void AddCloud(int number)
    {
        Directory.CreateDirectory(CloudFolder(number));
        Plans.Add(new FaultPlan(number));
        var folder = new FolderStorage(CloudFolder(number));
        folder.CreateRoot();
        Members.Add(Member(number, folder));
    }

    // As a new process has them: no file is open any more that a test has replaced.
    private async Task ReopenCloudsAsync()
    {
        for (var cloud = 0; cloud < Members.Count; cloud++)
        {
            await Members[cloud].Storage.DisposeAsync();
            Members[cloud] = Member(cloud, new FolderStorage(CloudFolder(cloud)));
        }
    }

    private CloudMember Member(int number, FolderStorage folder) =>
        new((ushort)number, $"cloud{number}", new FaultStorage(folder, Plans[number]), $"domain{number}");
}
