namespace CuckooDrive.Core.Metadata;

/// <summary>
/// The metadata store is damaged: a row does not authenticate, a page is broken, or what must be there is missing.
/// Nothing was made up in its place.
/// </summary>
public sealed class MetadataCorruptException(string message, Exception? innerException = null)
    : IOException(message, innerException);

/// <summary>
/// The local disk has no room for a commit; nothing of it was applied and it may be tried again. The HResult is what the
/// system's own calls give for a full disk.
/// </summary>
public sealed class MetadataStoreFullException(string message)
    : IOException(message, OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : NoSpaceErrno)
{
    private const int NoSpaceErrno = 28;
}
