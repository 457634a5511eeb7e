using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// An open drive: the file system with everything under it. Made by <see cref="CreateAsync"/> (new) or
/// <see cref="AttachAsync"/> (existing, on a new machine), opened by <see cref="OpenAsync"/>.
/// </summary>
/// <remarks>
/// <para>A drive's local state is one folder that a single process may have open. All failures that a user can act on are
/// <see cref="DriveException"/>. Thread safe.</para>
/// <para>Made in this order: folder lock, keys, metadata store, clouds, chunk store, volume, outbox and replicas, shipper,
/// checkpoints; taken down in the reverse one, so that each part finds those that it uses.</para>
/// </remarks>
public sealed partial class Drive : IAsyncDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly StateFolder _folder;
    private readonly DriveKeys _keys;
    private readonly OpenDriveOptions _options;
    private readonly SqliteMetadataStore _store;
    private readonly DeviceIdentity _identity;
    private readonly DriveSettings _settings;
    private readonly DriveClouds _clouds;
    private readonly ChunkStore _chunks;
    private readonly Volume.Volume _volume;
    private readonly Replicator _replicator;
    private readonly JournalShipper _shipper;
    private readonly Checkpointer _checkpointer;
    private readonly DriveServices _services;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private int _disposed;

    private Drive(Parts parts, OpenDriveOptions options, DriveServices services)
    {
        _folder = parts.Folder!;
        _keys = parts.Keys!;
        _store = parts.Store!;
        _clouds = parts.Clouds!;
        _chunks = parts.Chunks!;
        _volume = parts.Volume!;
        _identity = parts.Identity!;
        _settings = parts.Settings!;
        _options = options;
        _services = services;
        _time = services.Time;
        _log = services.Loggers.CreateLogger("CuckooDrive.Drive");
        var position = JournalPosition.Read(_store);
        var outbox = new Outbox(_folder.OutboxPath, position.NextOrdinal);
        _replicator = new Replicator(
            _store, outbox, _clouds.Members, _keys, _folder.Path, _settings.Redundancy.ParityShards, position, _time, _log);
        _shipper = new JournalShipper(_store, _chunks, _volume, _replicator, _identity.Device, _time, _log);
        _checkpointer = new Checkpointer(
            _store, _chunks, _volume, _shipper, _replicator.Sealer, _keys, _clouds, _identity.Device, _time, _log);
        FileSystem = options.Durability == Durability.Cloud ? new CloudDurableFileSystem(_volume, ShipForSyncAsync) : _volume;
        if (options.ReadOnly)
            return;
        _shipper.AfterRound = _checkpointer.RunIfDueAsync;
        _replicator.Start();
        _shipper.Start(options.JournalInterval);
    }

    /// <summary>The file system to mount. Valid until the drive is disposed.</summary>
    public IFileSystem FileSystem { get; }

    /// <summary>Begins to load the upper levels of the tree, for whoever will look first. Once, before the file system is mounted; never waits.</summary>
    public void BeginHeadStart() => _volume.BeginHeadStart();

    /// <summary>
    /// Makes a new drive: its keys, a header on every cloud, and the local state. The clouds must answer, take writes and
    /// hold no other drive; the state folder must not hold one. On failure nothing is left behind.
    /// </summary>
    public static Task CreateAsync(string stateDirectory, CreateDriveOptions options, Secret passphrase, DriveServices services, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(stateDirectory, () => new DriveCreator(stateDirectory, options, passphrase, services).RunAsync(cancellationToken));

    /// <summary>
    /// Builds the local state of an existing drive from any sufficient set of its clouds, as of the last flush that
    /// reached them, and takes the drive over: a machine that had it before may no longer write.
    /// </summary>
    /// <returns>What was found on the way that somebody should know.</returns>
    public static Task<AttachReport> AttachAsync(string stateDirectory, AttachDriveOptions options, Secret passphrase, DriveServices services, IProgress<AttachProgress>? progress = null, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(stateDirectory, () => new DriveAttacher(stateDirectory, options, passphrase, services, progress).RunAsync(cancellationToken));

    /// <summary>Opens a drive whose state lies in <paramref name="stateDirectory"/>; works while clouds are away.</summary>
    public static Task<Drive> OpenAsync(string stateDirectory, Secret passphrase, OpenDriveOptions options, DriveServices services, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(stateDirectory, () => Task.Run(() => OpenPartsAsync(stateDirectory, passphrase, options, services), cancellationToken));

    /// <summary>Whether the folder holds the local state of a drive. Needs no passphrase.</summary>
    public static bool Exists(string stateDirectory) => StateFolder.HoldsDrive(stateDirectory);

    /// <summary>
    /// Completes when everything written before is protected: all shards are on their clouds, and the journal on every cloud
    /// that answers, at least on more than may be lost.
    /// </summary>
    /// <exception cref="DriveException">Of kind <see cref="DriveErrorKind.Damaged"/>: all is protected but what can be read nowhere any more.</exception>
    public Task FlushAsync(IProgress<FlushProgress>? progress = null, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(_folder.Path, async () =>
        {
            CheckWritable();
            await using var reporting = new FlushReporter(this, progress, _time);
            // A cloud that is back must not be left alone for the rest of a long pause while somebody waits for it.
            using var retrying = _time.CreateTimer(_ => _chunks.RetryNow(), null, TimeSpan.Zero, RetryInterval);
            await _volume.SettleAsync(cancellationToken).ConfigureAwait(false);
            await CommitWithDataAsync(cancellationToken).ConfigureAwait(false);
            var sequence = await _shipper.ShipAsync(cancellationToken).ConfigureAwait(false);
            await _chunks.WaitForUploadsAsync(sequence, full: true, cancellationToken).ConfigureAwait(false);
            // Shards that came late have changed their packs' rows; a round without such changes sends nothing.
            await _shipper.ShipAsync(cancellationToken).ConfigureAwait(false);
            await _replicator.WaitForReachableAsync(cancellationToken).ConfigureAwait(false);
            await Task.Run(ThrowIfFilesAreLost, cancellationToken).ConfigureAwait(false);
        });

    /// <summary>Writes a checkpoint now, whether one is due or not; for tests and before a drive is put away.</summary>
    public Task CheckpointAsync(CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(_folder.Path, async () =>
        {
            CheckWritable();
            await _shipper.WithTurnAsync(_checkpointer.RunAsync, cancellationToken).ConfigureAwait(false);
        });

    /// <summary>
    /// Commits everything, tries for a bounded time (<see cref="OpenDriveOptions.CloseTimeout"/>) to send the journal, and
    /// releases the state. What could not be sent goes on at the next opening.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (!_options.ReadOnly)
            await ShipBeforeClosingAsync().ConfigureAwait(false);
        try
        {
            await _shipper.DisposeAsync().ConfigureAwait(false);
            await _replicator.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            var parts = new Parts { Folder = _folder, Keys = _keys, Store = _store, Clouds = _clouds, Chunks = _chunks, Volume = _volume };
            await parts.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<Drive> OpenPartsAsync(string stateDirectory, Secret passphrase, OpenDriveOptions options, DriveServices services)
    {
        var parts = new Parts();
        try
        {
            parts.Folder = StateFolder.Open(stateDirectory);
            (_, parts.Keys) = HeaderObjects.Unlock([HeaderObjects.ReadLocal(stateDirectory)], passphrase);
            parts.Store = SqliteMetadataStore.Open(parts.Folder.MetadataPath, parts.Keys);
            parts.Identity = DeviceIdentity.Read(parts.Store);
            parts.Settings = DriveSettings.Read(parts.Store);
            parts.Clouds = DriveClouds.Open(CloudRecord.ReadAll(parts.Store), new ObjectSealer(parts.Keys), stateDirectory, services);
            parts.Chunks = OpenChunks(parts, options, services);
            parts.Volume = OpenVolume(parts, options, services);
            return new Drive(parts, options, services);
        }
        catch
        {
            await parts.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static ChunkStore OpenChunks(Parts parts, OpenDriveOptions options, DriveServices services)
    {
        var chunkOptions = options.Tuning.Chunks(new ChunkStoreOptions
        {
            StagingDirectory = parts.Folder!.StagingPath,
            CacheDirectory = parts.Folder.CachePath,
            StagingLimit = options.StagingLimit,
            DiskCacheLimit = options.DiskCacheLimit,
            MemoryCacheLimit = options.MemoryCacheLimit,
            ReadOnly = options.ReadOnly,
        });
        return new ChunkStore(
            chunkOptions, parts.Keys!, parts.Store!, parts.Clouds!.Members, parts.Settings!.Redundancy, services.Time,
            services.Loggers.CreateLogger("CuckooDrive.Chunks"));
    }

    private static Volume.Volume OpenVolume(Parts parts, OpenDriveOptions options, DriveServices services)
    {
        var volumeOptions = options.Tuning.Volume(new VolumeOptions { IsReadOnly = options.ReadOnly, RootOwner = options.RootOwner });
        return new Volume.Volume(
            parts.Store!, parts.Chunks!, parts.Keys!, volumeOptions, services.Time, services.Loggers.CreateLogger("CuckooDrive.Volume"));
    }

    private void CheckWritable()
    {
        if (_options.ReadOnly)
            throw new DriveException(DriveErrorKind.InvalidOption, "The drive is open for reading only; mount it without --read-only.");
    }

    /// <summary>Brings everything that the file system was given to this machine's disk; completes without the clouds.</summary>
    /// <exception cref="DriveException">Some data could not be stored and is kept in memory.</exception>
    public Task StoreAsync(CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(_folder.Path, () => CommitWithDataAsync(cancellationToken));

    private async Task CommitWithDataAsync(CancellationToken cancellationToken)
    {
        var error = await _volume.CommitWithDataAsync(cancellationToken).ConfigureAwait(false);
        if (error == FsError.None)
            return;
        var why = error == FsError.NoSpace ? "since its disk is full; free some space" : "for the reason in the log; repair its disk";
        throw new DriveException(DriveErrorKind.LocalState,
            $"Some data could not be stored in {_folder.Path} and is kept in memory, {why} and run the command again. If the drive is ended before that, this data is lost.");
    }

    private void ThrowIfFilesAreLost()
    {
        var packs = _chunks.FindLostPacks();
        if (packs.Count == 0)
            return;
        var lost = LostFiles.Find(_store, packs, _chunks.FindLostChunks(packs));
        if (lost.Count + lost.StrandedCount == 0)
            return;
        var unreadable = lost.Count == 0 ? "" :
            $"{(lost.Count == 1 ? "1 file has" : $"{lost.Count} files have")} {lost.Bytes} bytes of data that can be read neither on this machine's disk ({_folder.StagingPath}) " +
            "nor from the clouds: mount the drive again when the disk can be read, or else write them anew or delete them. ";
        var stranded = lost.StrandedCount == 0 ? "" :
            $"{(lost.StrandedCount == 1 ? "1 file" : $"{lost.StrandedCount} files")} can be read, but only from that disk, since damage beside the data keeps it from the clouds: " +
            "copy them elsewhere and back, and delete the old ones. ";
        throw new DriveException(DriveErrorKind.Damaged, $"{unreadable}{stranded}'cuckoo doctor' names them; everything else is protected.");
    }

    private async Task ShipForSyncAsync(ulong inode, CancellationToken cancellationToken)
    {
        await _shipper.ShipAsync(cancellationToken).ConfigureAwait(false);
        // The journal goes on without what cannot be read.
        if (_chunks.FindLostPacks() is { Count: > 0 } lost && FindChunks(inode).Any(chunk => lost.Contains(chunk.Pack)))
            throw new IOException("Data of the file, or beside it, can be read neither on this machine's disk nor from the clouds, so the clouds cannot get it.");
    }

    private async Task ShipBeforeClosingAsync()
    {
        using var patience = new CancellationTokenSource(_options.CloseTimeout, _time);
        try
        {
            await _shipper.ShipAsync(patience.Token).ConfigureAwait(false);
            await _replicator.WaitForReachableAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or FencedException or IOException)
        {
            // Everything is safe here; the next opening sends it.
            _log.LogInformation("The drive closes before all of it is on the clouds: {Reason}", exception.Message);
        }
        catch (Exception exception)
        {
            // Whatever it was, all else must still be closed.
            _log.LogError(exception, "The drive closes before all of it is on the clouds: {Reason}", exception.Message);
        }
    }

    /// <summary>What an open drive consists of, while it is put together and when it is taken apart.</summary>
    private sealed class Parts : IAsyncDisposable
    {
        public StateFolder? Folder { get; set; }

        public DriveKeys? Keys { get; set; }

        public SqliteMetadataStore? Store { get; set; }

        public DeviceIdentity? Identity { get; set; }

        public DriveSettings? Settings { get; set; }

        public DriveClouds? Clouds { get; set; }

        public ChunkStore? Chunks { get; set; }

        public Volume.Volume? Volume { get; set; }

        public async ValueTask DisposeAsync()
        {
            try
            {
                if (Volume is not null)
                    await Volume.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                if (Chunks is not null)
                    await Chunks.DisposeAsync().ConfigureAwait(false);
                if (Clouds is not null)
                    await Clouds.DisposeAsync().ConfigureAwait(false);
                Store?.Dispose();
                Keys?.Dispose();
                Folder?.Dispose();
            }
        }
    }
}
