using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Native;

namespace CuckooDrive.Mount.Fuse.Protocol;

/// <summary>The one place where a file-system error becomes an errno.</summary>
internal static class ErrnoTable
{
    /// <summary>The positive errno; 0 for <see cref="FsError.None"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in the table.</exception>
    public static int ToErrno(FsError error) => error switch
    {
        FsError.None => 0,
        FsError.NotFound => Errno.ENOENT,
        FsError.Exists => Errno.EEXIST,
        FsError.NotDirectory => Errno.ENOTDIR,
        FsError.IsDirectory => Errno.EISDIR,
        FsError.NotEmpty => Errno.ENOTEMPTY,
        FsError.NotPermitted => Errno.EPERM,
        FsError.AccessDenied => Errno.EACCES,
        FsError.InvalidArgument => Errno.EINVAL,
        FsError.NameTooLong => Errno.ENAMETOOLONG,
        FsError.NoSpace => Errno.ENOSPC,
        FsError.FileTooLarge => Errno.EFBIG,
        FsError.ReadOnly => Errno.EROFS,
        FsError.TooManyLinks => Errno.EMLINK,
        FsError.CrossDevice => Errno.EXDEV,
        FsError.NoData => Errno.ENODATA,
        FsError.Range => Errno.ERANGE,
        FsError.ArgumentTooBig => Errno.E2BIG,
        FsError.NotSupported => Errno.EOPNOTSUPP,
        FsError.NoDevice => Errno.ENXIO,
        FsError.Stale => Errno.ESTALE,
        FsError.Busy => Errno.EBUSY,
        FsError.Overflow => Errno.EOVERFLOW,
        FsError.TextBusy => Errno.ETXTBSY,
        FsError.Io => Errno.EIO,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "No errno is known for this error."),
    };
}
