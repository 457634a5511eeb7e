using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>O_DIRECT, which .NET does not offer.</summary>
internal static partial class DirectFile
{
    private const int CloseOnExec = 0x80000;

    /// <summary>One of the few flags that differ between architectures.</summary>
    private static readonly int Direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    /// <summary>Opens for reading past the kernel's page cache; buffers must be aligned to 4 KiB.</summary>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = OpenNative(path, Direct | CloseOnExec);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"open with O_DIRECT: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags);
}
