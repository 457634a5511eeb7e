using System.Net.Sockets;
using System.Runtime.Versioning;
using CuckooDrive.Host.State;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.Daemon;

/// <summary>
/// The end point of a drive's control socket. A socket's path may have 107 bytes only; a longer one is reached through a
/// descriptor of its folder.
/// </summary>
internal sealed class ControlAddress : IDisposable
{
    private const int LongestPath = 100;
    private readonly SafeFileHandle? _folder;

    public ControlAddress(DriveFolders folders)
    {
        var path = folders.ControlSocket;
        if (System.Text.Encoding.UTF8.GetByteCount(path) > LongestPath && OperatingSystem.IsLinux())
        {
            _folder = OpenFolder(folders.Run);
            path = $"/proc/self/fd/{_folder.DangerousGetHandle()}/{Path.GetFileName(folders.ControlSocket)}";
        }
        EndPoint = new UnixDomainSocketEndPoint(path);
    }

    /// <summary>Valid until disposed; a bound or connected socket stays usable after.</summary>
    public UnixDomainSocketEndPoint EndPoint { get; }

    public void Dispose() => _folder?.Dispose();

    [SupportedOSPlatform("linux")]
    private static SafeFileHandle OpenFolder(string path)
    {
        var descriptor = Linux.NativeMethods.OpenDirectory(path);
        if (descriptor < 0)
            throw new DirectoryNotFoundException($"The folder '{path}' cannot be opened.");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
