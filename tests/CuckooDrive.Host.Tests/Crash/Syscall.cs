namespace CuckooDrive.Host.Tests.Crash;

/// <summary>A system call of the load that did not succeed.</summary>
internal sealed class SyscallException(string call, string path, int errno) : Exception($"{call} {path} failed with errno {errno}.")
{
    private const int NotConnected = 107, ConnectionAborted = 103, InputOutput = 5, NoSuchDevice = 19, Interrupted = 4;

    /// <summary>What a program sees whose mount is served no more.</summary>
    public bool IsLossOfMount => errno is NotConnected or ConnectionAborted or InputOutput or NoSuchDevice or Interrupted;
}

internal static class Syscall
{
    /// <summary>Returns the result, or throws the errno that it holds.</summary>
    public static long Must(long result, string call, string path) =>
        result >= 0 ? result : throw new SyscallException(call, path, checked((int)-result));

    /// <inheritdoc cref="Must(long, string, string)"/>
    public static int Must(int result, string call, string path) => (int)Must((long)result, call, path);
}
