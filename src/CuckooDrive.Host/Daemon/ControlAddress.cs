using System.Net;
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
        EndPoint = new SocketFile(new UnixDomainSocketEndPoint(path));
    }

    /// <summary>Valid until disposed; a bound or connected socket stays usable after.</summary>
    public EndPoint EndPoint { get; }

    public void Dispose() => _folder?.Dispose();

    [SupportedOSPlatform("linux")]
    private static SafeFileHandle OpenFolder(string path)
    {
        var descriptor = Linux.NativeMethods.OpenDirectory(path);
        if (descriptor < 0)
            throw new DirectoryNotFoundException($"The folder '{path}' cannot be opened.");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>
    /// .NET removes the file of a <see cref="UnixDomainSocketEndPoint"/> when the socket bound to it is disposed, by a path at which another
    /// process's may lie by then. It does not know this one as such.
    /// </summary>
    private sealed class SocketFile(UnixDomainSocketEndPoint address) : EndPoint
    {
        public override AddressFamily AddressFamily => address.AddressFamily;

        public override SocketAddress Serialize() => address.Serialize();

        public override EndPoint Create(SocketAddress socketAddress) => address.Create(socketAddress);
    }
}
