using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>The keys of a drive.</summary>
/// <param name="Silent">The clouds that did not answer: they may know of newer ones.</param>
public sealed record KeySlotList(IReadOnlyList<KeySlotInfo> Slots, IReadOnlyList<string> Silent);

/// <summary>
/// Lists and changes the secrets that open a drive. Works on the local state and the clouds' headers alone, so it needs
/// no open drive and may run while one is.
/// </summary>
public static class DriveKeySlots
{
    private const string LockName = "keys.lock";
    private const int MostRounds = 3;
    private static readonly TimeSpan CloudPatience = TimeSpan.FromSeconds(30);

    /// <summary>For all clouds together: somebody may have pressed Ctrl-C.</summary>
    private static readonly TimeSpan TakeBackPatience = TimeSpan.FromSeconds(5);

    /// <summary>The slots of the newest header, here or at the clouds that answer. Needs a valid secret; changes nothing.</summary>
    public static Task<KeySlotList> ListAsync(string stateDirectory, Secret current, DriveServices services, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(stateDirectory, async () =>
        {
            var (local, keys) = await UnlockAsync(stateDirectory, current, cancellationToken).ConfigureAwait(false);
            using (keys)
            {
                var (clouds, _) = ReadClouds(stateDirectory, keys, services);
                await using (clouds.ConfigureAwait(false))
                {
                    var asked = await Task.WhenAll(clouds.Members.Select(member => ReadAsync(member, keys, cancellationToken))).ConfigureAwait(false);
                    var newest = HeaderObjects.Newest(
                        keys, [local, .. asked.SelectMany(cloud => cloud.Headers ?? [])], RemovedKeys.Read(stateDirectory, keys));
                    CheckStillOpens(newest, local, current);
                    return new KeySlotList(newest.DescribeSlots(keys), [.. asked.Where(cloud => cloud.Headers is null).Select(cloud => cloud.Name)]);
                }
            }
        });

    /// <summary>
    /// Adds a slot that <paramref name="added"/> opens, by a new header on every cloud, and returns it. Succeeds when more
    /// clouds than may be lost have the new header; the others get it when they answer.
    /// </summary>
    /// <param name="cost">What a guess costs; the default when null.</param>
    public static Task<KeySlotInfo> AddAsync(string stateDirectory, Secret current, Secret added, string label, DriveServices services, Argon2Cost? cost = null, CancellationToken cancellationToken = default) =>
        ChangeAsync(stateDirectory, current, services, (header, keys) =>
        {
            if (header.Slots.Count == DriveHeader.MaximumSlots)
                throw new DriveException(DriveErrorKind.InvalidOption, $"The drive has {DriveHeader.MaximumSlots} keys, the most that there can be; remove one first.");
            if (System.Text.Encoding.UTF8.GetByteCount(label) > DriveHeader.MaximumLabelLength)
                throw new DriveException(DriveErrorKind.InvalidOption, $"A key's label may have {DriveHeader.MaximumLabelLength} bytes; choose a shorter one.");
            return header.AddSlot(keys, added, label, cost);
        }, (header, keys) => header.DescribeSlots(keys)[^1], cancellationToken);

    /// <summary>
    /// Removes the slot of that number (never the last, and never the one that <paramref name="current"/> opens: whoever
    /// removes a key shows by another one that the drive can still be opened), and returns what it was. A number that was removed
    /// is no other slot's, so a removal may be repeated. Old headers are deleted from each cloud that has the new one; a cloud that
    /// is away keeps its old header until it answers, and whoever kept a copy of an old header can still use the old secret.
    /// </summary>
    public static Task<KeySlotInfo> RemoveAsync(string stateDirectory, Secret current, int number, DriveServices services, CancellationToken cancellationToken = default)
    {
        KeySlotInfo? removed = null;
        return ChangeAsync(stateDirectory, current, services, (header, keys) =>
        {
            var index = Find(header, number);
            if (header.Slots.Count == 1)
                throw new DriveException(DriveErrorKind.InvalidOption, "The last key of a drive cannot be removed; add another one first.");
            removed = header.DescribeSlots(keys)[index];
            var changed = header.RemoveSlot(keys, index);
            if (!changed.TryUnlock(current, out var staying))
                throw new DriveException(DriveErrorKind.InvalidOption, $"The passphrase or key that was given is key {number} itself; give one that stays.");
            staying.Dispose();
            return changed;
        }, (_, _) => removed!, cancellationToken);
    }

    private static int Find(DriveHeader header, int number)
    {
        var found = Enumerable.Range(0, header.Slots.Count).Where(index => header.Slots[index].Number == number).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new DriveException(DriveErrorKind.InvalidOption,
                $"The drive has no key {number} (or no longer); 'cuckoo key list' shows the numbers of its keys."),
            // Of a header of two machines: adding sees to it that the numbers differ.
            _ => throw new DriveException(DriveErrorKind.InvalidOption,
                $"The drive has {found.Count} keys with the number {number}, so it is not clear which one to remove; none was."),
        };
    }

    private static Task<T> ChangeAsync<T>(
        string stateDirectory,
        Secret current,
        DriveServices services,
        Func<DriveHeader, DriveKeys, DriveHeader> change,
        Func<DriveHeader, DriveKeys, T> describe,
        CancellationToken cancellationToken) => DriveErrors.GuardAsync(stateDirectory, async () =>
        {
            var (unlocked, keys) = await UnlockAsync(stateDirectory, current, cancellationToken).ConfigureAwait(false);
            using (keys)
            {
                using var exclusive = TakeLock(stateDirectory);
                var (clouds, settings) = ReadClouds(stateDirectory, keys, services);
                await using (clouds.ConfigureAwait(false))
                {
                    // The clouds may know a newer header than this machine: start from the newest there is.
                    await SpreadAsync(clouds, stateDirectory, keys, settings, cancellationToken).ConfigureAwait(false);
                    var (before, changed) = await ChangeLocalAsync(stateDirectory, unlocked, keys, current, change, cancellationToken).ConfigureAwait(false);
                    try
                    {
                        await SpreadAsync(clouds, stateDirectory, keys, settings, cancellationToken).ConfigureAwait(false);
                    }
                    catch (Exception failure)
                    {
                        // Not on enough clouds to be believed, or nobody waits for it any more.
                        await TakeBackAsync(clouds, stateDirectory, keys, settings, before, changed, failure).ConfigureAwait(false);
                        throw;
                    }
                    return describe(changed, keys);
                }
            }
        });

    private static async Task<(DriveHeader Before, DriveHeader Changed)> ChangeLocalAsync(
        string stateDirectory,
        DriveHeader unlocked,
        DriveKeys keys,
        Secret current,
        Func<DriveHeader, DriveKeys, DriveHeader> change,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var before = HeaderObjects.ReadLocal(stateDirectory).Header;
            CheckStillOpens(before, unlocked, current);
            var changed = change(before, keys);
            // A process that has the drive open may have found a newer one meanwhile.
            if (await LocalHeader.TryReplaceAsync(stateDirectory, keys, before, changed, cancellationToken).ConfigureAwait(false))
                return (before, changed);
        }
    }

    /// <summary>Whoever opened the header that was here may have been shut out by a newer one.</summary>
    private static void CheckStillOpens(DriveHeader newest, DriveHeader unlocked, Secret current)
    {
        if (newest.HasSameSlots(unlocked))
            return;
        if (!newest.TryUnlock(current, out var keys))
            throw new DriveException(DriveErrorKind.WrongPassphrase, "The passphrase or key was removed from the drive; try another one.");
        keys.Dispose();
    }

    /// <summary>
    /// Some clouds may have the changed header already, and the next opening would spread it from there. So the slots as they
    /// were get a newer one; where that cannot be brought now, the next opening brings it.
    /// </summary>
    private static async Task TakeBackAsync(DriveClouds clouds, string stateDirectory, DriveKeys keys, DriveSettings settings, DriveHeader before, DriveHeader changed, Exception failure)
    {
        try
        {
            await LocalHeader.TakeBackAsync(stateDirectory, keys, before, changed, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DriveException(DriveErrorKind.LocalState,
                $"The change of keys failed and could not be taken back: {exception.Message} It comes to the clouds when they answer; 'cuckoo key list' shows what counts.", failure);
        }
        using var patience = new CancellationTokenSource(TakeBackPatience);
        try
        {
            await SpreadAsync(clouds, stateDirectory, keys, settings, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is DriveException or OperationCanceledException)
        {
            // What counts is done: the local header is the newest.
        }
    }

    /// <summary>Brings the newest header to every cloud that answers; fails unless those are more than may be lost.</summary>
    private static async Task SpreadAsync(DriveClouds clouds, string stateDirectory, DriveKeys keys, DriveSettings settings, CancellationToken cancellationToken)
    {
        for (var round = 1; ; round++)
        {
            var before = HeaderObjects.ReadLocal(stateDirectory).Header.Sequence;
            var reached = new List<string>();
            foreach (var member in clouds.Members)
            {
                if (await TryReachAsync(patience => HeaderObjects.SynchronizeAsync(member.Storage, stateDirectory, keys, patience), cancellationToken).ConfigureAwait(false))
                    reached.Add(member.FailureDomain);
            }
            if (!Quorum.Survives(reached, settings.Redundancy.ParityShards))
                throw new DriveException(DriveErrorKind.NotEnoughClouds,
                    $"Only {reached.Count} of {clouds.Members.Count} clouds can be reached, too few to change keys safely; try again when more are.");
            // One of them may have had a newer header, which those that were asked before it lack.
            if (round == MostRounds || HeaderObjects.ReadLocal(stateDirectory).Header.Sequence == before)
                return;
        }
    }

    private static async Task<(string Name, List<DriveHeader>? Headers)> ReadAsync(CloudMember member, DriveKeys keys, CancellationToken cancellationToken)
    {
        List<FoundHeader> found = [];
        var answers = await TryReachAsync(
            async patience => found = await HeaderObjects.ReadAsync(member.Storage, static _ => { }, patience).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return (member.Name, answers ? [.. found.Select(each => each.Header).Where(header => header.IsAuthentic(keys))] : null);
    }

    private static (DriveClouds Clouds, DriveSettings Settings) ReadClouds(string stateDirectory, DriveKeys keys, DriveServices services)
    {
        // SQLite lets a second process read beside the one that has the drive open.
        using var store = SqliteMetadataStore.Open(Path.Combine(stateDirectory, "metadata"), keys);
        return (DriveClouds.Open(CloudRecord.ReadAll(store), new ObjectSealer(keys), stateDirectory, services), DriveSettings.Read(store));
    }

    private static async Task<(DriveHeader Header, DriveKeys Keys)> UnlockAsync(string stateDirectory, Secret current, CancellationToken cancellationToken)
    {
        var local = HeaderObjects.ReadLocal(stateDirectory);
        var (_, keys) = await Task.Run(() => HeaderObjects.Unlock([local], current), cancellationToken).ConfigureAwait(false);
        return (local.Header, keys);
    }

    /// <summary>False when the cloud does not answer: it gets the header when the drive is open and it does.</summary>
    private static async Task<bool> TryReachAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(CloudPatience);
        try
        {
            await action(patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (CloudException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static FileStream TakeLock(string stateDirectory)
    {
        var path = Path.Combine(stateDirectory, LockName);
        try
        {
            return StateFolder.OpenLock(path);
        }
        // Else it is the disk that fails.
        catch (IOException exception) when (File.Exists(path))
        {
            throw new DriveException(DriveErrorKind.InUse, "The drive's keys are being changed by another process; try again when it has ended.", exception);
        }
    }
}
