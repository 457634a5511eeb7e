namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>Turns what the system reports into the errors of the contract.</summary>
internal static class FolderErrors
{
    private const int WindowsError = unchecked((int)0x80070000);
    private const int WindowsHandleDiskFull = WindowsError | 39;
    private const int WindowsDiskFull = WindowsError | 112;
    private const int WindowsFileExists = WindowsError | 80;
    private const int WindowsAlreadyExists = WindowsError | 183;
    private const int WindowsWriteProtected = WindowsError | 19;
    private const int WindowsInvalidName = WindowsError | 123;
    private const int WindowsQuotaExceeded = WindowsError | 1295;

    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    public static CloudException Exists(string name) =>
        new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

    public static CloudException RootMissing(string root) =>
        new(CloudErrorKind.NotFound, $"The folder '{root}' is not there; connect its disk or share, or correct the address.");

    public static CloudException RootChanged(string root) =>
        new(CloudErrorKind.NotFound, $"Another folder is at '{root}' than before; connect its disk or share, if it was unmounted.");

    public static CloudException Conflict(string name) =>
        new(CloudErrorKind.InvalidName, $"'{name}' cannot be stored: a folder cannot hold both an object and objects below its name.");

    public static bool IsMissing(Exception exception) => exception is FileNotFoundException or DirectoryNotFoundException ||
        (exception is IOException && exception.HResult is (Errno.NoEntry or Errno.NotFolder));

    public static bool IsExists(IOException exception) => OperatingSystem.IsWindows()
        ? exception.HResult is WindowsFileExists or WindowsAlreadyExists
        : exception.HResult == Errno.Exists;

    /// <summary>Whether it is for <see cref="Map"/>: the system's answer rather than a defect of the program.</summary>
    public static bool IsSystem(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    public static CloudException Map(Exception exception, string root)
    {
        var kind = Kind(exception);
        var message = kind switch
        {
            CloudErrorKind.QuotaExceeded => $"The disk of '{root}' is full, or its quota is used up.",
            CloudErrorKind.Forbidden => $"'{root}' refuses access; check its permissions and that it is not mounted read-only.",
            CloudErrorKind.InvalidName => $"'{root}' cannot hold a name that long.",
            CloudErrorKind.TooLarge => $"The file system of '{root}' cannot hold a file that large.",
            CloudErrorKind.NotFound => RootMissing(root).Message,
            _ => $"'{root}' failed: {exception.Message}",
        };
        return new CloudException(kind, message, exception);
    }

    private static CloudErrorKind Kind(Exception exception) => exception switch
    {
        UnauthorizedAccessException => CloudErrorKind.Forbidden,
        PathTooLongException => CloudErrorKind.InvalidName,
        // .NET reports EFBIG, a file above the file system's or the process's limit, like this.
        ArgumentOutOfRangeException => CloudErrorKind.TooLarge,
        DriveNotFoundException => CloudErrorKind.NotFound,
        _ when IsMissing(exception) => CloudErrorKind.NotFound,
        _ when OperatingSystem.IsWindows() => WindowsKind(exception.HResult),
        _ => UnixKind(exception.HResult),
    };

    private static CloudErrorKind UnixKind(int errno) => errno switch
    {
        Errno.NoSpace => CloudErrorKind.QuotaExceeded,
        Errno.NotPermitted or Errno.AccessDenied or Errno.ReadOnly => CloudErrorKind.Forbidden,
        Errno.FileTooBig => CloudErrorKind.TooLarge,
        _ when errno == Errno.QuotaExceeded => CloudErrorKind.QuotaExceeded,
        _ when errno == Errno.NameTooLong => CloudErrorKind.InvalidName,
        _ => CloudErrorKind.Transient,
    };

    private static CloudErrorKind WindowsKind(int result) => result switch
    {
        WindowsDiskFull or WindowsHandleDiskFull or WindowsQuotaExceeded => CloudErrorKind.QuotaExceeded,
        WindowsWriteProtected => CloudErrorKind.Forbidden,
        WindowsInvalidName => CloudErrorKind.InvalidName,
        _ => CloudErrorKind.Transient,
    };
}
