namespace CuckooDrive.Host.CommandLine;

/// <summary>The fixed exit statuses of the program.</summary>
internal static class ExitStatus
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int WrongUsage = 2;
}

/// <summary>
/// Something the user can act on. The message is printed as it is: one clear sentence that says what to do next.
/// </summary>
internal sealed class UserException(string message, int exitStatus = ExitStatus.Failure, Exception? innerException = null)
    : Exception(message, innerException)
{
    public int ExitStatus { get; } = exitStatus;

    public static UserException Usage(string message) => new(message, CommandLine.ExitStatus.WrongUsage);
}
