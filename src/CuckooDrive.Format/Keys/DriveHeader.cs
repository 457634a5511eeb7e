using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>
/// A header object: the drive's id and the slots that hold its master key. Immutable; a change gives a header with the
/// next sequence number. What <see cref="TryDecode"/> returns is only well-formed; a successful unlock proves that the
/// whole header was written by somebody with the master key. Thread safe.
/// </summary>
public sealed class DriveHeader
{
    /// <summary>The most slots of a header.</summary>
    public const int MaximumSlots = 32;

    /// <summary>The longest label, in bytes of UTF-8.</summary>
    public const int MaximumLabelLength = HeaderLabels.MaximumLength;

    /// <summary>The longest header object, in bytes: read no more.</summary>
    public const int MaximumEncodedLength = HeaderCodec.FixedLength + MaximumSlots * (KeySlot.EncodedLength + HeaderLabels.EntryLength) + HeaderLabels.Overhead;

    private readonly byte[] _driveId;
    private readonly KeySlot[] _slots;
    private readonly byte[] _trailer;

    internal DriveHeader(byte[] driveId, int sequence, KeySlot[] slots, byte[] trailer)
    {
        _driveId = driveId;
        Sequence = sequence;
        _slots = slots;
        _trailer = trailer;
    }

    /// <summary>16 random bytes, public.</summary>
    public ReadOnlySpan<byte> DriveId => _driveId;

    /// <summary>The number in the object's name; from 1.</summary>
    public int Sequence { get; }

    /// <summary>1 to <see cref="MaximumSlots"/> slots.</summary>
    public IReadOnlyList<KeySlot> Slots => _slots;

    /// <summary>A new drive with a random id and master key and one slot. The caller disposes <paramref name="keys"/>.</summary>
    /// <param name="secret">Opens the slot.</param>
    /// <param name="label">What the owner calls the slot; the clouds do not see it.</param>
    /// <param name="keys">The unlocked drive.</param>
    /// <param name="cost"><see cref="Argon2Cost.Default"/> when null; cheaper only in tests.</param>
    public static DriveHeader Create(Secret secret, string label, out DriveKeys keys, Argon2Cost? cost = null) =>
        Create(secret, label, out keys, cost, RandomSource.Secure);

    internal static DriveHeader Create(Secret secret, string label, out DriveKeys keys, Argon2Cost? cost, RandomSource random)
    {
        HeaderLabels.Check(label);
        Span<byte> driveId = stackalloc byte[DriveKeys.DriveIdLength];
        Span<byte> master = stackalloc byte[DriveKeys.KeyLength];
        random.Fill(driveId);
        random.Fill(master);
        keys = DriveKeys.FromMaster(master, driveId);
        CryptographicOperations.ZeroMemory(master);
        var slot = KeySlot.Create(keys, secret, cost ?? Argon2Cost.Default, random);
        return Seal(keys, 1, [slot], [label], random);
    }

    /// <summary>The object's bytes; its name is <see cref="ObjectNames.Header"/> of <see cref="Sequence"/>.</summary>
    public byte[] Encode() => [.. HeaderCodec.WriteBody(_driveId, Sequence, _slots), .. _trailer];

    /// <summary>Reads a header, checking version, exact length and bounds. Computes nothing slow and trusts nothing.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DriveHeader? header, out HeaderError error)
    {
        error = HeaderCodec.Read(bytes, out header);
        return header is not null;
    }

    /// <summary>Tries the slots of the secret's kind. Slow. The caller disposes <paramref name="keys"/>.</summary>
    public bool TryUnlock(Secret secret, [NotNullWhen(true)] out DriveKeys? keys) => TryUnlock(secret, out keys, out _);

    /// <inheritdoc cref="TryUnlock(Secret, out DriveKeys?)"/>
    public bool TryUnlock(Secret secret, [NotNullWhen(true)] out DriveKeys? keys, out UnlockError error)
    {
        keys = null;
        error = UnlockError.NoSuchSlot;
        Span<byte> master = stackalloc byte[DriveKeys.KeyLength];
        foreach (var slot in _slots)
        {
            if (slot.Kind != secret.Kind)
                continue;
            error = UnlockError.WrongSecret;
            if (!slot.TryOpen(secret, _driveId, master))
                continue;
            keys = DriveKeys.FromMaster(master, _driveId);
            CryptographicOperations.ZeroMemory(master);
            error = UnlockError.None;
            break;
        }
        if (keys is not null && !IsAuthentic(keys))
        {
            keys.Dispose();
            keys = null;
            error = UnlockError.HeaderChanged;
        }
        return keys is not null;
    }

    /// <summary>
    /// Whether the holder of these keys wrote this header: for choosing the highest header after another one, or the same
    /// from another cloud, was unlocked.
    /// </summary>
    public bool IsAuthentic(DriveKeys keys) =>
        keys.DriveId.SequenceEqual(_driveId) && HeaderLabels.TryOpen(keys, Body(), _trailer, _slots.Length, out _);

    /// <summary>The slots with their labels.</summary>
    /// <exception cref="CryptographicException">The keys belong to another drive or the header was changed.</exception>
    public IReadOnlyList<KeySlotInfo> DescribeSlots(DriveKeys keys)
    {
        var labels = OpenLabels(keys);
        return [.. _slots.Select((slot, index) => new KeySlotInfo(slot.Number, slot.Kind, labels[index], slot.Cost))];
    }

    /// <summary>The next header, with one more slot.</summary>
    /// <exception cref="InvalidOperationException">There are <see cref="MaximumSlots"/> already.</exception>
    public DriveHeader AddSlot(DriveKeys keys, Secret secret, string label, Argon2Cost? cost = null) =>
        AddSlot(keys, secret, label, cost, RandomSource.Secure);

    internal DriveHeader AddSlot(DriveKeys keys, Secret secret, string label, Argon2Cost? cost, RandomSource random)
    {
        HeaderLabels.Check(label);
        if (_slots.Length == MaximumSlots)
            throw new InvalidOperationException($"A drive has at most {MaximumSlots} keys.");
        var labels = OpenLabels(keys);
        KeySlot slot;
        do
            slot = KeySlot.Create(keys, secret, cost ?? Argon2Cost.Default, random);
        while (Array.Exists(_slots, other => other.Number == slot.Number));
        return Seal(keys, checked(Sequence + 1), [.. _slots, slot], [.. labels, label], random);
    }

    /// <summary>The next header, without one slot.</summary>
    /// <exception cref="InvalidOperationException">It is the last one: nobody could open the drive.</exception>
    public DriveHeader RemoveSlot(DriveKeys keys, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _slots.Length);
        if (_slots.Length == 1)
            throw new InvalidOperationException("The last key of a drive cannot be removed.");
        var labels = OpenLabels(keys);
        return Seal(
            keys,
            checked(Sequence + 1),
            [.. _slots.Where((_, i) => i != index)],
            [.. labels.Where((_, i) => i != index)],
            RandomSource.Secure);
    }

    /// <summary>The slots that the other one lacks. A slot never changes, so its salt tells which it is.</summary>
    public IReadOnlyList<KeySlot> SlotsNotIn(DriveHeader other) =>
        [.. _slots.Where(slot => !Array.Exists(other._slots, each => each.Salt.SequenceEqual(slot.Salt)))];

    /// <summary>Whether the same secrets open both.</summary>
    public bool HasSameSlots(DriveHeader other) => _slots.Length == other._slots.Length && SlotsNotIn(other).Count == 0;

    /// <summary>
    /// The next header after all of these, with every slot that one of them has, but those <paramref name="except"/>. Of more than
    /// <see cref="MaximumSlots"/> those that most of the headers have.
    /// </summary>
    /// <exception cref="ArgumentException">No slot is left.</exception>
    /// <exception cref="CryptographicException">The keys do not belong to all of them.</exception>
    public static DriveHeader Join(DriveKeys keys, IReadOnlyCollection<DriveHeader> headers, IReadOnlyCollection<KeySlot> except)
    {
        var slots = headers.SelectMany(header => header._slots.Zip(header.OpenLabels(keys)))
            .GroupBy(slot => Convert.ToHexString(slot.First.Salt))
            .Where(group => !except.Any(slot => slot.Salt.SequenceEqual(group.First().First.Salt)))
            .ToList();
        if (slots.Count > MaximumSlots)
            slots = [.. slots.OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).Take(MaximumSlots)];
        if (slots.Count == 0)
            throw new ArgumentException("No slot is left: nobody could open the drive.", nameof(except));
        return Seal(
            keys,
            checked(headers.Max(header => header.Sequence) + 1),
            [.. slots.Select(group => group.First().First)],
            [.. slots.Select(group => group.First().Second)],
            RandomSource.Secure);
    }

    private static DriveHeader Seal(DriveKeys keys, int sequence, KeySlot[] slots, string[] labels, RandomSource random)
    {
        var body = HeaderCodec.WriteBody(keys.DriveId, sequence, slots);
        return new DriveHeader(keys.DriveId.ToArray(), sequence, slots, HeaderLabels.Seal(keys, body, labels, random));
    }

    private byte[] Body() => HeaderCodec.WriteBody(_driveId, Sequence, _slots);

    private string[] OpenLabels(DriveKeys keys) =>
        keys.DriveId.SequenceEqual(_driveId) && HeaderLabels.TryOpen(keys, Body(), _trailer, _slots.Length, out var labels)
            ? labels
            : throw new CryptographicException("The header does not belong to these keys.");
}
