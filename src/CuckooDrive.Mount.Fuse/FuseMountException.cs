namespace CuckooDrive.Mount.Fuse;

/// <summary>Why a mount could not be made or ended.</summary>
public enum FuseMountFailure
{
    NoDevice,
    NoFusermount,
    MountPointMissing,
    MountPointNotDirectory,
    MountPointNotEmpty,
    MountPointNotAccessible,
    AlreadyMounted,
    StaleMountPoint,
    AllowOtherForbidden,
    NotPermitted,
    Busy,
    NotMounted,
    Protocol,
    Other,
}

/// <summary>A mount could not be made or ended. The message is one sentence for the user that says what to do.</summary>
public sealed class FuseMountException(FuseMountFailure failure, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public FuseMountFailure Failure { get; } = failure;
}
