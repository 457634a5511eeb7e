using CuckooDrive.Format;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// Makes what was appended durable. After a failed fsync the system may take what it could not write for written, so that the next one
/// succeeds without it (seen on XFS whose device was full for a moment): the file's chunks are written once more before that, from what the
/// system still has of them, each that is in use proven right. Where it has not, nothing can be made durable until the drive is mounted again.
/// </summary>
internal sealed class StagingSync(PackIndex index, PackFiles files, PackWriter writer, ChunkOpener opener, ILogger logger)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Pack> _failed = [];
    private Exception? _lost;
    private Exception? _failure;

    /// <summary>Why the last attempt failed; null in health.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <exception cref="IOException">Something is not durable; all of it is part of the next attempt.</exception>
    public void Run()
    {
        lock (_gate)
        {
            if (_lost is not null)
                throw new IOException("The staging disk has lost what was written to it; mount again after it was repaired.", _lost);
            List<Pack> unsynced;
            lock (index.Gate)
                unsynced = writer.TakeUnsynced();
            var synced = 0;
            try
            {
                for (; synced < unsynced.Count; synced++)
                    Sync(unsynced[synced]);
                SyncFolders();
                Volatile.Write(ref _failure, null);
            }
            catch (Exception exception)
            {
                lock (index.Gate)
                    writer.PutBackUnsynced(unsynced[synced..]);
                Volatile.Write(ref _failure, exception);
                throw;
            }
        }
    }

    private void Sync(Pack pack)
    {
        if (pack.Local is not { } file)
            return;
        if (_failed.Contains(pack))
            WriteAgain(pack, file);
        try
        {
            files.Sync(file);
            _failed.Remove(pack);
        }
        catch (SyncFailedException)
        {
            _failed.Add(pack);
            throw;
        }
    }

    // A name that may be lost cannot be written again.
    private void SyncFolders()
    {
        try
        {
            files.SyncFolders();
        }
        catch (SyncFailedException exception)
        {
            _lost = exception;
            throw;
        }
    }

    private void WriteAgain(Pack pack, LocalPackFile file)
    {
        var chunks = new List<ChunkLocation>();
        bool isBeingWritten;
        lock (index.Gate)
        {
            isBeingWritten = pack.PendingWrites > 0;
            index.Visit(pack, (number, record) =>
            {
                chunks.Add(new ChunkLocation(pack, number, record));
            });
        }
        foreach (var location in chunks)
        {
            var position = file.Position(location.Record.Shard, location.Record.Offset);
            var sealedChunk = ChunkScratch.Sealed.AsSpan(0, location.Record.SealedLength);
            files.Read(file, position, sealedChunk);
            if (!location.Record.IsAlive || IsRight(location, sealedChunk))
            {
                // Also what is dead: tags and parity are made of all.
                files.Write(file, position, sealedChunk);
                continue;
            }
            // It may be one of those that are on their way.
            if (isBeingWritten)
                throw new IOException($"{file.Path} could not be made durable, and is being written; it is tried again.");
            _lost = new IOException($"{file.Path} has lost what could not be made durable.");
            throw _lost;
        }
        logger.LogWarning("The staged data of pack {Pack} could not be made durable and was written once more.", pack.Ordinal);
    }

    private bool IsRight(ChunkLocation location, ReadOnlySpan<byte> sealedChunk)
    {
        if (opener.TryOpen(location, sealedChunk) is not { } chunk)
            return false;
        chunk.Release();
        return true;
    }
}
