namespace CuckooDrive.Core.Volume;

/// <summary>
/// Why a file-system operation failed. The kernel adapters map each to errno or NTSTATUS by one exhaustive table.
/// Errors are values, not exceptions: a failed look-up is the most frequent operation of all.
/// </summary>
public enum FsError
{
    None = 0,
    NotFound,
    Exists,
    NotDirectory,
    IsDirectory,
    NotEmpty,
    NotPermitted,
    AccessDenied,
    InvalidArgument,
    NameTooLong,
    NoSpace,
    FileTooLarge,
    ReadOnly,
    TooManyLinks,
    CrossDevice,
    NoData,
    Range,
    ArgumentTooBig,
    NotSupported,
    NoDevice,
    Stale,
    Busy,
    Overflow,
    TextBusy,
    /// <summary>The data cannot be read or written: every way to recover it has failed. Always reported in the log.</summary>
    Io,
}

/// <summary>A value or the reason why there is none.</summary>
public readonly struct FsResult<T>
{
    public FsResult(T value) => Value = value;

    public FsResult(FsError error)
    {
        Error = error;
        Value = default!;
    }

    public FsError Error { get; }

    /// <summary>Meaningful only when <see cref="Error"/> is <see cref="FsError.None"/>.</summary>
    public T Value { get; }

    public bool Succeeded => Error == FsError.None;

    public static implicit operator FsResult<T>(T value) => new(value);

    public static implicit operator FsResult<T>(FsError error) => new(error);
}
