using System.Diagnostics.CodeAnalysis;
using CuckooDrive.Clouds;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>Reading and writing whole small objects.</summary>
internal static class CloudObjects
{
    /// <summary>More than any header, lease or member has.</summary>
    public const int SmallLimit = 1 << 20;

    /// <summary>More than any journal segment or root has: the plaintext's limit, and what sealing and padding add.</summary>
    public const int LargeLimit = ObjectSealer.MaximumPlainLength + (ObjectSealer.MaximumPlainLength / 8);

    /// <summary>The whole object.</summary>
    /// <exception cref="CloudException"><see cref="CloudErrorKind.TooLarge"/> when it is longer than <paramref name="limit"/>.</exception>
    public static async Task<byte[]> ReadAsync(ICloudStorage cloud, string name, int limit, CancellationToken cancellationToken)
    {
        await using var stream = await cloud.OpenReadAsync(name, 0, null, cancellationToken).ConfigureAwait(false);
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            if (content.Length + read > limit)
                throw new CloudException(CloudErrorKind.TooLarge, $"The object {name} at {cloud.Address} is longer than any of its kind.");
            content.Write(buffer, 0, read);
        }
        return content.ToArray();
    }

    /// <summary>All names with a prefix.</summary>
    public static async Task<List<string>> ListAsync(ICloudStorage cloud, string prefix, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var item in cloud.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
            names.Add(item.Name);
        return names;
    }

    /// <summary>
    /// Writes an object that may be there already from an earlier attempt. False when an object of that name with another
    /// content is there.
    /// </summary>
    public static async Task<bool> WriteAsync(ICloudStorage cloud, string name, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            await cloud.WriteAsync(name, CloudContent.FromMemory(content), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (CloudException exception) when (exception.Kind == CloudErrorKind.AlreadyExists)
        {
            return await HoldsAsync(cloud, name, content, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Puts an object in the place of one of which nothing can be used.</summary>
    public static async Task ReplaceAsync(ICloudStorage cloud, string name, byte[] content, CancellationToken cancellationToken)
    {
        await cloud.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        await cloud.WriteAsync(name, CloudContent.FromMemory(content), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<bool> HoldsAsync(ICloudStorage cloud, string name, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            var found = await ReadAsync(cloud, name, Math.Max(content.Length, 1), cancellationToken).ConfigureAwait(false);
            return found.AsSpan().SequenceEqual(content);
        }
        catch (CloudException exception) when (exception.Kind == CloudErrorKind.TooLarge)
        {
            return false;
        }
    }
}

/// <summary>The object by which a cloud is known to be a certain member of the drive.</summary>
internal static class MemberObjects
{
    public static byte[] Seal(ObjectSealer sealer, CloudRecord record) => sealer.Seal(
        KeyPurpose.Member,
        ObjectNames.Member(record.Id),
        new Member { Cloud = record.Id, Id = record.MemberId, Time = record.Joined, Name = record.Name, FailureDomain = record.FailureDomain }.Encode());

    public static bool TryOpen(ObjectSealer sealer, ushort cloud, byte[] bytes, [NotNullWhen(true)] out Member? member)
    {
        member = null;
        return sealer.TryOpen(KeyPurpose.Member, ObjectNames.Member(cloud), bytes, out var plain, out _)
            && Member.TryDecode(plain, out member) && member.Cloud == cloud;
    }
}

/// <summary>The object by which a device claims an epoch.</summary>
internal static class LeaseObjects
{
    public static byte[] Seal(ObjectSealer sealer, Lease lease) =>
        sealer.Seal(KeyPurpose.Lease, ObjectNames.Lease(lease.Epoch, lease.Device), lease.Encode());

    public static bool TryOpen(ObjectSealer sealer, string name, byte[] bytes, [NotNullWhen(true)] out Lease? lease)
    {
        lease = null;
        return ObjectNames.TryParseLease(name, out var epoch, out var device)
            && sealer.TryOpen(KeyPurpose.Lease, name, bytes, out var plain, out _)
            && Lease.TryDecode(plain, out lease) && lease.Epoch == epoch && lease.Device == device;
    }

    /// <summary>
    /// The claim of the highest epoch above <paramref name="epoch"/> at a cloud, or null. What does not open with the drive's
    /// key is nobody's claim: a cloud cannot stop a writer by making names up.
    /// </summary>
    public static Task<Lease?> FindHigherAsync(ICloudStorage cloud, ObjectSealer sealer, ulong epoch, CancellationToken cancellationToken) =>
        FindHighestAsync(cloud, sealer, (claimed, _) => claimed > epoch, cancellationToken);

    /// <summary>The highest claim of another device to the epoch of a claim, or to a higher one, at a cloud, or null.</summary>
    public static Task<Lease?> FindRivalAsync(ICloudStorage cloud, ObjectSealer sealer, Lease own, CancellationToken cancellationToken) =>
        FindHighestAsync(cloud, sealer, (claimed, device) => claimed >= own.Epoch && device != own.Device, cancellationToken);

    private static async Task<Lease?> FindHighestAsync(
        ICloudStorage cloud, ObjectSealer sealer, Func<ulong, ulong, bool> matters, CancellationToken cancellationToken)
    {
        Lease? highest = null;
        foreach (var name in await CloudObjects.ListAsync(cloud, ObjectNames.LeasePrefix, cancellationToken).ConfigureAwait(false))
        {
            if (!ObjectNames.TryParseLease(name, out var claimed, out var device) || claimed <= (highest?.Epoch ?? 0) || !matters(claimed, device))
                continue;
            var bytes = await CloudObjects.ReadAsync(cloud, name, CloudObjects.SmallLimit, cancellationToken).ConfigureAwait(false);
            if (TryOpen(sealer, name, bytes, out var lease))
                highest = lease;
        }
        return highest;
    }
}
