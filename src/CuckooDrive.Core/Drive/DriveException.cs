namespace CuckooDrive.Core.Drives;

/// <summary>What stands between a user and the drive.</summary>
public enum DriveErrorKind
{
    /// <summary>No key slot opens with the passphrase (or key) given.</summary>
    WrongPassphrase,
    /// <summary>The folder or the clouds hold no drive.</summary>
    NotADrive,
    /// <summary>A cloud or the state folder belongs to another drive.</summary>
    WrongDrive,
    /// <summary>A drive is already where a new one was to be made.</summary>
    AlreadyExists,
    /// <summary>Another process has the drive open.</summary>
    InUse,
    /// <summary>Something that must be intact is not, and cannot be rebuilt from what is reachable.</summary>
    Damaged,
    /// <summary>Too few clouds answer, or too few were given for the redundancy that was asked for.</summary>
    NotEnoughClouds,
    /// <summary>The state here, or at the clouds, is older than what was seen before.</summary>
    Outdated,
    /// <summary>Another machine has taken the drive over; this one may no longer write.</summary>
    Fenced,
    /// <summary>A file of the local state cannot be read or written.</summary>
    LocalState,
    /// <summary>An option makes no sense.</summary>
    InvalidOption,
    /// <summary>The drive was written by a newer version of the program.</summary>
    UnsupportedVersion,
}

/// <summary>A failure that a user can act on. The message is one clear sentence that ends with what to do next.</summary>
public sealed class DriveException(DriveErrorKind kind, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public DriveErrorKind Kind { get; } = kind;
}
