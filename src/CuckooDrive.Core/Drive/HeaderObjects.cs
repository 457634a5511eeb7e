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
    /// Unlocks the newest authentic header. A secret that only an older one still knows is refused: it was removed. A header
    /// that the drive's key did not make is described in <paramref name="problems"/>: one damaged copy, whatever it claims
    /// to be, must not keep anybody out.
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
                if (distinct.First(header => header.Header.IsAuthentic(keys)) != candidate)
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

    /// <summary>Replaces the local copy, durably and in one step.</summary>
    public static void WriteLocal(string stateDirectory, DriveHeader header) =>
        PrivateFiles.Replace(StateFolder.HeaderIn(stateDirectory), header.Encode());

    /// <summary>
    /// Brings a cloud and the local state to the newest authentic header of the two, and removes older ones from the cloud,
    /// so that a removed secret is of no use there. Returns the newest.
    /// </summary>
    public static async Task<DriveHeader> SynchronizeAsync(ICloudStorage cloud, string stateDirectory, DriveKeys keys, CancellationToken cancellationToken)
    {
        var local = ReadLocal(stateDirectory).Header;
        // Nobody is there to be told of what is no header.
        var remote = (await ReadAsync(cloud, static _ => { }, cancellationToken).ConfigureAwait(false))
            .Where(found => found.Header.IsAuthentic(keys)).MaxBy(found => found.Header.Sequence)?.Header;
        var newest = remote is not null && remote.Sequence > local.Sequence ? remote : local;
        if (newest != local)
            WriteLocal(stateDirectory, newest);
        if (remote is null || remote.Sequence < newest.Sequence)
        {
            // What is there under the name and is not authentic is damaged or made up: of use to nobody.
            if (remote is null)
                await cloud.DeleteAsync(ObjectNames.Header(newest.Sequence), cancellationToken).ConfigureAwait(false);
            await WriteAsync(cloud, newest, cancellationToken).ConfigureAwait(false);
        }
        await DeleteOlderAsync(cloud, newest.Sequence, cancellationToken).ConfigureAwait(false);
        return newest;
    }

    /// <exception cref="CloudException"><see cref="CloudErrorKind.AlreadyExists"/> when another header has that number.</exception>
    public static async Task WriteAsync(ICloudStorage cloud, DriveHeader header, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Header(header.Sequence);
        if (!await CloudObjects.WriteAsync(cloud, name, header.Encode(), cancellationToken).ConfigureAwait(false))
            throw new CloudException(CloudErrorKind.AlreadyExists, $"Another {name} is at {cloud.Address}.");
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
