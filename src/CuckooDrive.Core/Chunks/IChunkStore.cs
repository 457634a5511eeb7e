using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// A chunk's name inside the drive: the pack's ordinal and the chunk's number in it (which is also its nonce).
/// </summary>
public readonly record struct ChunkRef(uint Pack, uint Number);

/// <summary>
/// Stores chunks: compresses, deduplicates, encrypts and appends them to packs on the staging disk, spreads sealed packs
/// over the clouds, reads them back from memory, the local disk or any k clouds.
/// </summary>
/// <remarks>
/// <para>Thread safe. Reference counts, pack records and chunk directories are part of the metadata: they change in
/// memory here and go into a batch with <see cref="CollectChanges"/>, which the committer calls inside the same critical
/// section (the volume's gate) in which it collects inodes and extents, so that a commit is one consistent moment.
/// <see cref="AddReference"/> and <see cref="RemoveReference"/> are called within that gate or an inode's.</para>
/// <para>Order of a commit: CollectChanges (under the gate), <see cref="SyncStaging"/>, the store's Commit,
/// <see cref="Committed"/>; later, when the clouds hold the journal up to a sequence, <see cref="Journaled"/>.</para>
/// </remarks>
public interface IChunkStore : IAsyncDisposable
{
    /// <summary>The largest plaintext of a chunk: 131,072 bytes.</summary>
    public const int MaximumChunkLength = 128 * 1024;

    /// <summary>How many pieces one call of Append takes.</summary>
    public const int MaximumBatch = 16;

    /// <summary>
    /// Reserves room for <paramref name="bytes"/> of new data on the staging disk and, after redundancy, on the clouds.
    /// Waits while staging is nearly full and drains; false when there is no hope of space (ENOSPC). Completes
    /// synchronously in the normal case. Each reserved byte is given back by <see cref="Unreserve"/> when it has been
    /// appended or dropped.
    /// </summary>
    ValueTask<bool> ReserveAsync(long bytes, CancellationToken cancellationToken);

    void Unreserve(long bytes);

    /// <summary>
    /// Stores pieces of 1 to <see cref="MaximumChunkLength"/> bytes, at most <see cref="MaximumBatch"/> of them, and fills in the
    /// chunk of each, with one hold on it so that its pack lives until <see cref="ReleaseHold"/>; the reference count is not
    /// changed. An equal chunk already stored is returned instead. CPU-heavy and synchronous; many threads may call at once.
    /// The bytes are in the staging file (or its buffer) on return, durable after <see cref="SyncStaging"/>.
    /// </summary>
    /// <exception cref="IOException">The staging disk failed or is full; nothing was stored, nothing is held.</exception>
    void Append(ReadOnlySpan<ReadOnlyMemory<byte>> plain, Span<ChunkRef> chunks);

    /// <summary>Stores one piece as the other overload does.</summary>
    ChunkRef Append(ReadOnlyMemory<byte> plain)
    {
        var chunk = default(ChunkRef);
        Append(new(in plain), new(ref chunk));
        return chunk;
    }

    /// <summary>Counts one more extent that refers to the chunk.</summary>
    void AddReference(ChunkRef chunk);

    /// <summary>Counts one fewer; at zero the chunk is dead, and a pack without live chunks goes away in time.</summary>
    void RemoveReference(ChunkRef chunk);

    /// <summary>Ends the hold of <see cref="Append"/>.</summary>
    void ReleaseHold(ChunkRef chunk);

    /// <summary>
    /// Fills <paramref name="destination"/> with the chunk's plaintext from <paramref name="offset"/> on. Completes
    /// synchronously when the chunk is in memory. Never returns a wrong byte: what cannot be authenticated from any
    /// source fails.
    /// </summary>
    /// <exception cref="ChunkUnavailableException">No combination of sources yields the chunk.</exception>
    ValueTask ReadAsync(ChunkRef chunk, int offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a small part as <see cref="ReadAsync"/> does, without opening and keeping the whole chunk, where that can be done at once and
    /// the chunk is not one of the last that were read so. When false, <paramref name="destination"/> is undefined.
    /// </summary>
    bool TryReadPart(ChunkRef chunk, int offset, Span<byte> destination) => false;

    /// <summary>
    /// Begins to bring chunks into memory, as far as limits allow. Never fails, never waits. The result is how many of the first ones
    /// are on their way or need not be.
    /// </summary>
    int Prefetch(ReadOnlySpan<ChunkRef> chunks);

    /// <summary>
    /// Adds the rows changed since the last call to <paramref name="batch"/>. With <paramref name="sealOpenPacks"/> no
    /// pack named by this or an earlier batch is open any more.
    /// </summary>
    void CollectChanges(MetadataBatch batch, bool sealOpenPacks);

    /// <summary>
    /// Whether rows wait for a commit: finished uploads and deletions change some, too. Without a commit in time nothing is
    /// lost, but evicting, deleting and a restart wait for it or do work again.
    /// </summary>
    bool HasChanges => false;

    /// <summary>Makes every appended chunk durable on the staging disk.</summary>
    void SyncStaging();

    /// <summary>The batch of the last <see cref="CollectChanges"/> is durable under <paramref name="sequence"/>.</summary>
    void Committed(long sequence);

    /// <summary>The clouds hold the journal up to <paramref name="sequence"/>: packs that died before may leave the clouds.</summary>
    void Journaled(long sequence);

    /// <summary>
    /// Completes when every pack sealed by a commit at or before <paramref name="sequence"/> is on the clouds: with
    /// <paramref name="full"/> all its shards are; else at least k are and no cloud that answers has one outstanding.
    /// Packs that died meanwhile count as done, and so do lost ones: see <see cref="ChunkState.Lost"/>.
    /// </summary>
    Task WaitForUploadsAsync(long sequence, bool full, CancellationToken cancellationToken);

    /// <summary>How safe the chunk's pack is.</summary>
    ChunkState GetState(ChunkRef chunk);

    /// <summary>
    /// A pack's row as the journal and checkpoints carry it: <paramref name="row"/> is the value of its P row as of a commit
    /// at or after the one that sealed it, for which <see cref="WaitForUploadsAsync"/> has completed; the answer is that row
    /// with the places, tags, states and provider hashes of its shards as they are known now, and nothing else changed. A
    /// machine that has only the clouds finds the shards by it. The row itself when the pack is gone or was not sealed.
    /// </summary>
    byte[] CompletePackRow(uint pack, ReadOnlySpan<byte> row);

    /// <summary>
    /// Where a chunk of a sealed pack whose upload has been waited for lies, as a root names it; <see cref="RootPage.Pack"/> is 0.
    /// Shards that no cloud holds have <see cref="RootShard.NoCloud"/>.
    /// </summary>
    (RootPack Pack, RootPage Page) Describe(ChunkRef chunk);

    /// <summary>Space for df, in bytes of user data after redundancy.</summary>
    DriveSpace GetSpace();
}

/// <summary>How safe a chunk is.</summary>
public enum ChunkState
{
    /// <summary>Only on this machine.</summary>
    Local,
    /// <summary>Some shards are on clouds.</summary>
    Uploading,
    /// <summary>Survives the promised loss.</summary>
    Protected,
    /// <summary>Its pack can neither be read on this machine's disk nor be brought together from the clouds.</summary>
    Lost,
}

public readonly record struct DriveSpace(long Total, long Free);

/// <summary>A chunk cannot be read from any source. The message names the pack and what each cloud answered.</summary>
public sealed class ChunkUnavailableException(string message, Exception? innerException = null) : IOException(message, innerException);
