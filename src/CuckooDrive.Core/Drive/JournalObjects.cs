using System.Diagnostics.CodeAnalysis;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>Journal segments and roots as sealed objects. Opening binds the content to the object's name.</summary>
internal static class JournalObjects
{
    public static byte[] Seal(ObjectSealer sealer, JournalSegment segment) =>
        sealer.Seal(KeyPurpose.Journal, ObjectNames.Journal(segment.Epoch, segment.Index), segment.Encode());

    public static byte[] Seal(ObjectSealer sealer, RootObject root) =>
        sealer.Seal(KeyPurpose.Root, ObjectNames.Root(root.Epoch, root.Index), root.Encode());

    public static bool TryOpen(ObjectSealer sealer, ulong epoch, ulong index, byte[] bytes, [NotNullWhen(true)] out JournalSegment? segment, out ObjectOpenError error)
    {
        segment = null;
        if (!sealer.TryOpen(KeyPurpose.Journal, ObjectNames.Journal(epoch, index), bytes, out var plain, out error))
            return false;
        if (JournalSegment.TryDecode(plain, out segment) && segment.Epoch == epoch && segment.Index == index)
            return true;
        error = ObjectOpenError.Malformed;
        segment = null;
        return false;
    }

    public static bool TryOpen(ObjectSealer sealer, ulong epoch, ulong index, byte[] bytes, [NotNullWhen(true)] out RootObject? root, out ObjectOpenError error)
    {
        root = null;
        if (!sealer.TryOpen(KeyPurpose.Root, ObjectNames.Root(epoch, index), bytes, out var plain, out error))
            return false;
        if (RootObject.TryDecode(plain, out root) && root.Epoch == epoch && root.Index == index)
            return true;
        error = ObjectOpenError.Malformed;
        root = null;
        return false;
    }
}
