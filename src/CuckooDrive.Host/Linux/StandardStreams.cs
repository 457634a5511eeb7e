using CuckooDrive.Host.CommandLine;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.Linux;

/// <summary>
/// The standard streams of a program that may have been started without some of them (a shell's ">&amp;-", a supervisor). The
/// next file opened would get the number of one that is closed: what the console prints would land in it.
/// </summary>
internal static class StandardStreams
{
    private const int Count = 3;
    private static readonly bool[] IsMissing = new bool[Count];

    /// <summary>To be called before anything else, since everything else opens files.</summary>
    public static void Secure()
    {
        if (OperatingSystem.IsWindows())
            return;
        for (var descriptor = 0; descriptor < Count; descriptor++)
            IsMissing[descriptor] = !IsInherited(descriptor);
        OccupyClosed();
        // Some that were closed at the start are files of the runtime by now, which the console must leave alone.
        if (IsMissing[0])
            Console.SetIn(TextReader.Null);
        if (IsMissing[1])
            Console.SetOut(TextWriter.Null);
        if (IsMissing[2])
            Console.SetError(TextWriter.Null);
    }

    /// <summary>The bytes of standard input.</summary>
    public static Stream OpenInput() => IsMissing[0]
        ? throw UserException.Usage("The standard input is closed; connect it to a file or a pipe.")
        : Console.OpenStandardInput();

    /// <summary>Takes the bytes of standard output.</summary>
    public static Stream OpenOutput() => IsMissing[1]
        ? throw new UserException("The standard output is closed; connect it to a file or a pipe.")
        : Console.OpenStandardOutput();

    /// <summary>What came with the start of the program cannot be marked as closed by it: such a file is the runtime's own.</summary>
    private static bool IsInherited(int descriptor) =>
        NativeMethods.GetDescriptorFlags(descriptor) is >= 0 and var flags && (flags & NativeMethods.CloseOnExec) == 0;

    /// <summary>A new file gets the lowest number that is free; programs started by this one inherit these.</summary>
    private static void OccupyClosed()
    {
        int descriptor;
        do
            descriptor = NativeMethods.OpenNullDevice();
        while (descriptor is >= 0 and < Count);
        if (descriptor >= 0)
            new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
    }
}
