using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Lists and changes the secrets that open a drive. Works on the local state and the clouds' headers alone, so it needs
/// no open drive and may run while one is.
/// </summary>
public static class DriveKeySlots
{
    private const string LockName = "keys.lock";
    private static readonly TimeSpan CloudPatience = TimeSpan.FromSeconds(30);

    /// <summary>For all clouds together: somebody may have pressed Ctrl-C.</summary>
    private static readonly TimeSpan TakeBackPatience = TimeSpan.FromSeconds(5);

    /// <summary>The slots of this machine's newest header. Needs a valid secret.</summary>
    public static async Task<IReadOnlyList<KeySlotInfo>> ListAsync(string stateDirectory, Secret current, CancellationToken cancellationToken = default)
    {
        var (header, keys) = await UnlockAsync(stateDirectory, current, cancellationToken).ConfigureAwait(false);
        using (keys)
            return header.DescribeSlots(keys);
    }

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

    private static async Task<T> ChangeAsync<T>(
        string stateDirectory,
        Secret current,
        DriveServices services,
        Func<DriveHeader, DriveKeys, DriveHeader> change,
        Func<DriveHeader, DriveKeys, T> describe,
        CancellationToken cancellationToken)
    {
        using var exclusive = TakeLock(stateDirectory);
        var (_, keys) = await UnlockAsync(stateDirectory, current, cancellationToken).ConfigureAwait(false);
        using (keys)
        {
            var (clouds, settings) = ReadClouds(stateDirectory, keys, services);
            await using (clouds.ConfigureAwait(false))
            {
                // The clouds may know a newer header than this machine: start from the newest there is.
                await SpreadAsync(clouds, stateDirectory, keys, settings, cancellationToken).ConfigureAwait(false);
                var newest = HeaderObjects.ReadLocal(stateDirectory).Header;
                var changed = change(newest, keys);
                HeaderObjects.WriteLocal(stateDirectory, changed);
                try
                {
                    await SpreadAsync(clouds, stateDirectory, keys, settings, cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    // Not on enough clouds to be believed, or nobody waits for it any more.
                    await TakeBackAsync(clouds, stateDirectory, keys, settings, newest, changed).ConfigureAwait(false);
                    throw;
                }
                return describe(changed, keys);
            }
        }
    }

    /// <summary>
    /// Some clouds may have the changed header already, and the next opening would spread it from there. So the slots as they
    /// were get a newer one; where that cannot be brought now, the next opening brings it.
    /// </summary>
    private static async Task TakeBackAsync(DriveClouds clouds, string stateDirectory, DriveKeys keys, DriveSettings settings, DriveHeader before, DriveHeader changed)
    {
        // Else a cloud has told of a newer header, of somebody who began with this one.
        if (HeaderObjects.ReadLocal(stateDirectory).Header.Sequence != changed.Sequence)
            return;
        HeaderObjects.WriteLocal(stateDirectory, before.Renumber(keys, checked(changed.Sequence + 1)));
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
        var reached = new List<string>();
        foreach (var member in clouds.Members)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(CloudPatience);
            try
            {
                await HeaderObjects.SynchronizeAsync(member.Storage, stateDirectory, keys, patience.Token).ConfigureAwait(false);
                reached.Add(member.FailureDomain);
            }
            catch (CloudException)
            {
                // Counted below: a cloud that is away gets the header when the drive is open and it answers.
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // As above.
            }
        }
        if (!Quorum.Survives(reached, settings.Redundancy.ParityShards))
            throw new DriveException(DriveErrorKind.NotEnoughClouds,
                $"Only {reached.Count} of {clouds.Members.Count} clouds can be reached, too few to change keys safely; try again when more are.");
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

    private static FileStream TakeLock(string stateDirectory)
    {
        try
        {
            return new FileStream(Path.Combine(stateDirectory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new DriveException(DriveErrorKind.InUse, "The drive's keys are being changed by another process; try again when it has ended.", exception);
        }
    }
}
