using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Changes this machine's copy of the newest header. The process that has the drive open and commands beside it do so, hence each
/// change begins with what is there, under a lock that is held no longer than that.
/// </summary>
internal static class LocalHeader
{
    private const string LockName = "header.lock";
    private const int MostPauses = 1500;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Takes in authentic headers that were found, and returns the newest: see <see cref="HeaderObjects.Newest"/>.</summary>
    public static async Task<DriveHeader> AdoptAsync(
        string stateDirectory, DriveKeys keys, IReadOnlyCollection<DriveHeader> found, CancellationToken cancellationToken)
    {
        // Mostly there is nothing to write, and a full disk must not matter then.
        var (newest, local) = Choose(stateDirectory, keys, found);
        if (ReferenceEquals(newest, local))
            return newest;
        using var exclusive = await TakeLockAsync(stateDirectory, cancellationToken).ConfigureAwait(false);
        (newest, local) = Choose(stateDirectory, keys, found);
        if (!ReferenceEquals(newest, local))
            HeaderObjects.WriteLocal(stateDirectory, newest);
        return newest;
    }

    /// <summary>Puts a changed header in the place of the one that it was made from; false when that is not there any more.</summary>
    public static async Task<bool> TryReplaceAsync(
        string stateDirectory, DriveKeys keys, DriveHeader before, DriveHeader changed, CancellationToken cancellationToken)
    {
        using var exclusive = await TakeLockAsync(stateDirectory, cancellationToken).ConfigureAwait(false);
        if (!HeaderObjects.ReadLocal(stateDirectory).Bytes.AsSpan().SequenceEqual(before.Encode()))
            return false;
        // First: a removal that ends between the two is completed by the next look at a cloud; the other way round somebody else's header could undo it.
        if (before.SlotsNotIn(changed) is { Count: > 0 } removed)
            RemovedKeys.Read(stateDirectory, keys).With(removed).Write(stateDirectory, keys);
        HeaderObjects.WriteLocal(stateDirectory, changed);
        return true;
    }

    /// <summary>
    /// Takes a change back with a newer header, since some clouds may have the changed one. What others have changed meanwhile stays.
    /// </summary>
    public static async Task TakeBackAsync(
        string stateDirectory, DriveKeys keys, DriveHeader before, DriveHeader changed, CancellationToken cancellationToken)
    {
        using var exclusive = await TakeLockAsync(stateDirectory, cancellationToken).ConfigureAwait(false);
        if (before.SlotsNotIn(changed) is { Count: > 0 } removed)
            RemovedKeys.Read(stateDirectory, keys).Without(removed).Write(stateDirectory, keys);
        var local = HeaderObjects.ReadLocal(stateDirectory).Header;
        var added = changed.SlotsNotIn(before);
        HeaderObjects.WriteLocal(stateDirectory, DriveHeader.Join(keys, [before, local], except: added));
    }

    /// <summary>Whether there is a newer one here than that, of a command or another cloud.</summary>
    public static bool HasAfter(string stateDirectory, DriveHeader header)
    {
        try
        {
            return HeaderObjects.ReadLocal(stateDirectory).Header.Sequence > header.Sequence;
        }
        catch (Exception exception) when (exception is DriveException or IOException or UnauthorizedAccessException)
        {
            // Told to whoever opens the drive next; for the clouds nothing is known to be newer.
            return false;
        }
    }

    private static (DriveHeader Newest, DriveHeader? Local) Choose(string stateDirectory, DriveKeys keys, IReadOnlyCollection<DriveHeader> found)
    {
        var local = ReadAuthentic(stateDirectory, keys);
        DriveHeader[] headers = local is null ? [.. found] : [local, .. found];
        if (headers.Length == 0)
            throw new DriveException(DriveErrorKind.Damaged,
                $"The local header {StateFolder.HeaderIn(stateDirectory)} is damaged, and the cloud that was asked has none either; another cloud that answers mends it.");
        return (HeaderObjects.Newest(keys, headers, RemovedKeys.Read(stateDirectory, keys)), local);
    }

    /// <summary>Null when it is damaged since the drive was opened: it must neither be sent to a cloud nor push a good one away there.</summary>
    private static DriveHeader? ReadAuthentic(string stateDirectory, DriveKeys keys)
    {
        try
        {
            var header = HeaderObjects.ReadLocal(stateDirectory).Header;
            return header.IsAuthentic(keys) ? header : null;
        }
        catch (DriveException exception) when (exception.Kind == DriveErrorKind.Damaged)
        {
            return null;
        }
    }

    private static async Task<FileStream> TakeLockAsync(string stateDirectory, CancellationToken cancellationToken)
    {
        var path = Path.Combine(stateDirectory, LockName);
        for (var pauses = 0; ; pauses++)
        {
            try
            {
                return StateFolder.OpenLock(path);
            }
            catch (IOException) when (File.Exists(path) && pauses < MostPauses)
            {
                await Task.Delay(LockPause, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
