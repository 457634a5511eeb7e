using System.Net.Sockets;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>Turns what the library throws into the errors of the contract.</summary>
internal sealed class SftpErrors(SftpAddress address)
{
    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    public static CloudException Exists(string name) =>
        new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

    public CloudException RootMissing() => new(
        CloudErrorKind.NotFound, $"There is no folder '{address.Root}' at '{address.Host}'; create it or correct the address.");

    /// <summary>The failure for the caller, who throws it. Cancellation by the caller is returned as it is.</summary>
    public Exception Translate(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        CloudException => exception,
        OperationCanceledException when cancellationToken.IsCancellationRequested => exception,
        SshAuthenticationException => new CloudException(
            CloudErrorKind.Unauthorized, $"'{address.Host}' refuses the login of '{address.User}'; check the user, the key or the password.", exception),
        SftpException { StatusCode: StatusCode.NoSuchFile } => new CloudException(
            CloudErrorKind.NotFound, $"There is no such file or folder at '{address.Host}'.", exception),
        // Servers have no code for a read-only file system; some put it into words.
        SftpException failure when failure.StatusCode == StatusCode.PermissionDenied || SaysReadOnly(failure) => new CloudException(
            CloudErrorKind.Forbidden, $"'{address.Host}' does not let '{address.User}' do this in '{address.Root}'; check the folder's permissions and that it is not read-only.", exception),
        SftpException { StatusCode: StatusCode.OperationUnsupported } => new CloudException(
            CloudErrorKind.Unsupported, $"'{address.Host}' does not know this operation.", exception),
        SshException or SocketException or IOException or TimeoutException or ObjectDisposedException or OperationCanceledException =>
            new CloudException(
                CloudErrorKind.Transient, $"The connection to '{address.Host}' failed: {exception.GetBaseException().Message.TrimEnd('.')}.", exception),
        _ => new CloudException(
            CloudErrorKind.Other, $"The request to '{address.Host}' failed: {exception.GetBaseException().Message.TrimEnd('.')}.", exception),
    };

    /// <summary>Whether the server said no more than "failure": why must be found out.</summary>
    public static bool IsUnexplained(Exception exception) =>
        exception is SftpException { StatusCode: StatusCode.Failure or StatusCode.BadMessage };

    public static bool IsMissing(Exception exception) => exception is SftpException { StatusCode: StatusCode.NoSuchFile };

    private static bool SaysReadOnly(SftpException failure) =>
        failure.StatusCode == StatusCode.Failure && failure.Message.Replace('-', ' ').Contains("read only", StringComparison.OrdinalIgnoreCase);
}
