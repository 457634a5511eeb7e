using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>A well-formed header as it was found. Nothing is proven of it yet.</summary>
internal sealed record FoundHeader(DriveHeader Header, byte[] Bytes, string Source);

/// <summary>Headers at clouds and in the local state: reading, choosing, spreading.</summary>
internal static class HeaderObjects
{
    /// <summary>A hostile cloud may offer many; the true one is among the highest numbers of an honest one.</summary>
    private const int MostPerCloud = 4;

    /// <summary>Each try costs a slow key derivation for each slot.</summary>
    private const int MostTries = 12;

    /// <summary>For a cloud where others write headers at the same time.</summary>
    private const int MostAttempts = 5;

    /// <summary>The headers with the highest numbers at a cloud. What is not a header is described in <paramref name="problems"/>.</summary>
    public static async Task<List<FoundHeader>> ReadAsync(ICloudStorage cloud, Action<string> problems, CancellationToken cancellationToken)
    {
        var numbers = new List<int>();
        foreach (var name in await CloudObjects.ListAsync(cloud, ObjectNames.HeaderPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectNames.TryParseHeader(name, out var number))
                numbers.Add(number);
        }
        var found = new List<FoundHeader>();
        foreach (var number in numbers.OrderDescending())
        {
            if (found.Count == MostPerCloud)
                break;
            var name = ObjectNames.Header(number);
            if (await TryReadAsync(cloud, name, problems, cancellationToken).ConfigureAwait(false) is { } header && header.Header.Sequence == number)
                found.Add(header);
        }
        return found;
    }

    /// <summary>
    /// Unlocks the newest authentic header, or any of several with that number. A secret that only an older one still knows is
    /// refused: it was removed. A header that the drive's key did not make is described in <paramref name="problems"/>: one damaged
    /// copy, whatever it claims to be, must not keep anybody out.
    /// </summary>
    /// <exception cref="DriveException">WrongPassphrase, WrongDrive, Damaged, NotADrive.</exception>
    public static (FoundHeader Header, DriveKeys Keys) Unlock(IReadOnlyCollection<FoundHeader> found, Secret secret, Action<string>? problems = null)
    {
        if (found.Count == 0)
            throw new DriveException(DriveErrorKind.NotADrive, "None of the clouds holds a drive; check their addresses.");
        var distinct = found.DistinctBy(header => Convert.ToHexString(ObjectHash.Compute(header.Bytes)))
            .OrderByDescending(header => header.Header.Sequence).Take(MostTries).ToList();
        var changed = false;
        foreach (var candidate in distinct)
        {
            if (!candidate.Header.TryUnlock(secret, out var keys, out var error))
            {
                changed |= error == UnlockError.HeaderChanged;
                continue;
            }
            try
            {
                CheckSameDrive(candidate, distinct, secret);
                if (distinct.First(header => header.Header.IsAuthentic(keys)).Header.Sequence > candidate.Header.Sequence)
                    throw WrongPassphrase("was removed from the drive");
            }
            catch
            {
                keys.Dispose();
                throw;
            }
            foreach (var other in found.Where(header => !header.Header.IsAuthentic(keys)))
                problems?.Invoke($"The header at {other.Source} is damaged or another drive's; it is not used.");
            return (candidate, keys);
        }
        throw changed
            ? new DriveException(DriveErrorKind.Damaged,
                "The passphrase is right, but the drive's header was changed by somebody without it; attach the drive from other clouds.")
            : WrongPassphrase("does not open the drive");
    }

    /// <summary>
    /// The newest of authentic headers. Machines that did not see each other's clouds may have made several of one number: then it is
    /// the next one, with the slots of all, since nobody may be left out who was told that a key opens the drive. Those that are known
    /// here to be removed are left out, unless no other would be left.
    /// </summary>
    public static DriveHeader Newest(DriveKeys keys, IReadOnlyCollection<DriveHeader> headers, RemovedKeys removed)
    {
        var number = headers.Max(header => header.Sequence);
        var highest = headers.Where(header => header.Sequence == number).ToList();
        var slots = highest.SelectMany(header => header.Slots).ToList();
        var outdated = slots.FindAll(removed.Contains);
        if (outdated.Count == slots.Count)
            outdated = [];
        return outdated.Count == 0 && highest.TrueForAll(header => header.HasSameSlots(highest[0]))
            ? highest[0]
            : DriveHeader.Join(keys, highest, outdated);
    }

    public static FoundHeader ReadLocal(string stateDirectory)
    {
        var path = StateFolder.HeaderIn(stateDirectory);
        if (!File.Exists(path))
            throw new DriveException(DriveErrorKind.NotADrive,
                $"There is no drive in {stateDirectory}; create one with 'cuckoo create' or bring one here with 'cuckoo attach'.");
        var bytes = File.ReadAllBytes(path);
        return DriveHeader.TryDecode(bytes, out var header, out var error)
            ? new FoundHeader(header, bytes, path)
            : throw (error == HeaderError.UnsupportedVersion
                ? new DriveException(DriveErrorKind.UnsupportedVersion, "The drive was written by a newer version of CuckooDrive; install that version.")
                : new DriveException(DriveErrorKind.Damaged, $"The local header {path} {error.Describe()}; attach the drive again from its clouds."));
    }

    /// <summary>Replaces the local copy, durably and in one step. Where others may do so at the same time, by <see cref="LocalHeader"/>.</summary>
    public static void WriteLocal(string stateDirectory, DriveHeader header) =>
        PrivateFiles.Replace(StateFolder.HeaderIn(stateDirectory), header.Encode());

    /// <summary>
    /// Brings a cloud and the local state to the newest authentic header of the two (see <see cref="Newest"/>), and removes older ones
    /// from the cloud, so that a removed secret is of no use there. Returns the newest.
    /// </summary>
    public static async Task<DriveHeader> SynchronizeAsync(ICloudStorage cloud, string stateDirectory, DriveKeys keys, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            // Nobody is there to be told of what is no header.
            var remote = (await ReadAsync(cloud, static _ => { }, cancellationToken).ConfigureAwait(false))
                .Select(found => found.Header).Where(header => header.IsAuthentic(keys)).ToList();
            var newest = await LocalHeader.AdoptAsync(stateDirectory, keys, remote, cancellationToken).ConfigureAwait(false);
            if (remote.Exists(header => header.Sequence == newest.Sequence && header.HasSameSlots(newest))
                || await TryWriteAsync(cloud, newest, keys, cancellationToken).ConfigureAwait(false))
            {
                await DeleteOlderAsync(cloud, newest.Sequence, cancellationToken).ConfigureAwait(false);
                return newest;
            }
            if (attempt == MostAttempts)
                throw new CloudException(CloudErrorKind.AlreadyExists, $"Another {ObjectNames.Header(newest.Sequence)} is at {cloud.Address}.");
        }
    }

    /// <summary>False when another authentic header has come under that name.</summary>
    private static async Task<bool> TryWriteAsync(ICloudStorage cloud, DriveHeader header, DriveKeys keys, CancellationToken cancellationToken)
    {
        if (await TryCreateAsync(cloud, header, cancellationToken).ConfigureAwait(false))
            return true;
        var name = ObjectNames.Header(header.Sequence);
        if (await TryReadAsync(cloud, name, static _ => { }, cancellationToken).ConfigureAwait(false) is { } other
            && other.Header.Sequence == header.Sequence && other.Header.IsAuthentic(keys))
            return other.Header.HasSameSlots(header);
        // What is there and is not authentic is damaged or made up: of use to nobody.
        await cloud.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        return await TryCreateAsync(cloud, header, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<bool> TryCreateAsync(ICloudStorage cloud, DriveHeader header, CancellationToken cancellationToken)
    {
        try
        {
            await cloud.WriteAsync(ObjectNames.Header(header.Sequence), CloudContent.FromMemory(header.Encode()), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (CloudException exception) when (exception.Kind == CloudErrorKind.AlreadyExists)
        {
            return false;
        }
    }

    private static async Task DeleteOlderAsync(ICloudStorage cloud, int newest, CancellationToken cancellationToken)
    {
        foreach (var name in await CloudObjects.ListAsync(cloud, ObjectNames.HeaderPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectNames.TryParseHeader(name, out var number) && number < newest)
                await cloud.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<FoundHeader?> TryReadAsync(ICloudStorage cloud, string name, Action<string> problems, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await CloudObjects.ReadAsync(cloud, name, DriveHeader.MaximumEncodedLength + 1, cancellationToken).ConfigureAwait(false);
            if (DriveHeader.TryDecode(bytes, out var header, out var error))
                return new FoundHeader(header, bytes, cloud.Address);
            problems($"The object {name} at {cloud.Address} {error.Describe()}.");
        }
        catch (CloudException exception) when (exception.Kind is CloudErrorKind.NotFound or CloudErrorKind.TooLarge or CloudErrorKind.Corrupt)
        {
            problems(exception.Message);
        }
        return null;
    }

    /// <summary>Only a header that opens is proof of another drive: a drive id is nothing but bytes that a cloud can change.</summary>
    private static void CheckSameDrive(FoundHeader header, List<FoundHeader> found, Secret secret)
    {
        foreach (var other in found.Where(other => !other.Header.DriveId.SequenceEqual(header.Header.DriveId)))
        {
            if (!other.Header.TryUnlock(secret, out var keys))
                continue;
            keys.Dispose();
            throw new DriveException(DriveErrorKind.WrongDrive,
                $"The clouds {header.Source} and {other.Source} hold different drives; give only clouds of one drive.");
        }
    }

    private static DriveException WrongPassphrase(string why) =>
        new(DriveErrorKind.WrongPassphrase, $"The passphrase or key {why}; try another one.");
}
