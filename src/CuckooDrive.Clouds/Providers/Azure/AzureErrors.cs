using System.Security.Authentication;
using System.Text.Json;
using System.Xml;
using Azure;

namespace CuckooDrive.Clouds.Providers.Azure;

/// <summary>Turns what the SDK throws into the errors of the contract.</summary>
internal sealed class AzureErrors(AzureAddress address)
{
    private const string Service = "Azure Blob Storage";

    public static CloudException Exists(string name) =>
        new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

    /// <summary>The failure for the caller, who throws it. Cancellation by the caller is returned as it is.</summary>
    public Exception Translate(Exception exception, string name, CancellationToken cancellationToken)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case CloudException:
                    return cause;
                case AuthenticationException:
                    return new CloudException(
                        CloudErrorKind.Other,
                        $"The connection to {Service} is not safe, so nothing was sent: {cause.Message} Check the endpoint, the clock and the network.",
                        exception);
                case OperationCanceledException when cancellationToken.IsCancellationRequested:
                    return cause == exception ? exception : new OperationCanceledException(exception.Message, exception, cancellationToken);
                case RequestFailedException { Status: not 0 } failure:
                    return Translate(failure, name);
            }
        }
        // The SDK reads the reason of an error out of its body, and of one that has none it knows not even the status: something in
        // between, or a server in trouble.
        if (exception is XmlException or JsonException)
            return new CloudException(CloudErrorKind.Transient, $"{Service} sent an answer that makes no sense.", exception);
        // The SDK's messages have many lines; what the system said is enough.
        var said = exception.GetBaseException().Message.Split('\n')[0].TrimEnd('.', '\r');
        return exception is RequestFailedException or HttpRequestException or IOException or OperationCanceledException or
            ObjectDisposedException or AggregateException
            ? new CloudException(CloudErrorKind.Transient, $"The connection to {Service} failed: {said}; check the account's name if this stays.", exception)
            : new CloudException(CloudErrorKind.Other, $"The request to {Service} failed: {said}.", exception);
    }

    private CloudException Translate(RequestFailedException failure, string name)
    {
        var container = address.Container;
        // Azurite has the wrong code for a wrong key, with the right words.
        var code = failure.Message.Contains("failed to authenticate", StringComparison.Ordinal) ? "AuthenticationFailed" : failure.ErrorCode;
        var (kind, message) = code switch
        {
            "BlobNotFound" => (CloudErrorKind.NotFound, $"There is no object named '{name}'."),
            "ContainerNotFound" or "ResourceNotFound" =>
                (CloudErrorKind.NotFound, $"There is no container '{container}' in the account; create it or correct the address."),
            "BlobAlreadyExists" or "ConditionNotMet" => (CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already."),
            "AuthenticationFailed" or "InvalidAuthenticationInfo" or "NoAuthenticationInformation" => (
                CloudErrorKind.Unauthorized,
                $"{Service} refuses the login for the container '{container}'; check the account and its key, when a signed address ends, and this machine's clock."),
            "AuthorizationFailure" or "AuthorizationPermissionMismatch" or "AuthorizationProtocolMismatch" or "AuthorizationSourceIPMismatch" or
                "InsufficientAccountPermissions" or "AccountIsDisabled" or "PublicAccessNotPermitted" or "KeyBasedAuthenticationNotPermitted" =>
                (CloudErrorKind.Forbidden, $"{Service} does not let this login do this in the container '{container}'; check its permissions."),
            "ServerBusy" or "TooManyRequests" => (CloudErrorKind.RateLimited, $"{Service} asks for fewer requests."),
            "ContainerBeingDeleted" or "OperationTimedOut" or "InternalError" or "InvalidBlockList" or "InvalidBlobOrBlock" =>
                (CloudErrorKind.Transient, $"{Service} is in trouble ({failure.ErrorCode})."),
            "Md5Mismatch" or "Crc64Mismatch" => (CloudErrorKind.Corrupt, $"{Service} received other bytes than were sent."),
            "RequestBodyTooLarge" or "BlockCountExceedsLimit" => (CloudErrorKind.TooLarge, $"'{name}' is larger than {Service} takes."),
            "InvalidResourceName" => (CloudErrorKind.InvalidAddress, $"'{container}' cannot be the name of a container."),
            _ => ByStatus(failure, name),
        };
        return new CloudException(kind, message, failure);
    }

    private (CloudErrorKind Kind, string Message) ByStatus(RequestFailedException failure, string name) => failure.Status switch
    {
        404 => (CloudErrorKind.NotFound, $"There is no object named '{name}'."),
        409 or 412 => (CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already."),
        401 => (CloudErrorKind.Unauthorized, $"{Service} refuses the login for the container '{address.Container}'; check the account and its key."),
        403 => (CloudErrorKind.Forbidden, $"{Service} does not let this login do this in the container '{address.Container}'."),
        429 => (CloudErrorKind.RateLimited, $"{Service} asks for fewer requests."),
        408 or >= 500 => (CloudErrorKind.Transient, $"{Service} is in trouble (status {failure.Status})."),
        _ => (CloudErrorKind.Other, $"{Service} refuses the request (status {failure.Status}, {failure.ErrorCode})."),
    };
}
