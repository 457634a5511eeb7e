using System.Net;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;

namespace CuckooDrive.Clouds.Providers.S3;

/// <summary>Turns what the SDK throws into the errors of the contract.</summary>
internal sealed class S3Errors(S3Address address)
{
    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    public static CloudException Exists(string name) =>
        new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

    /// <summary>The failure for the caller, who throws it. Cancellation by the caller is returned as it is.</summary>
    public Exception Translate(Exception exception, string name, CancellationToken cancellationToken)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                // Content that could not be read, or missing keys, fail the request from within.
                case CloudException:
                    return cause;
                case AuthenticationException:
                    return new CloudException(
                        CloudErrorKind.Other,
                        $"The connection to {address.Service} is not safe, so nothing was sent: {cause.Message} Check the endpoint, the clock and the network.",
                        exception);
                case OperationCanceledException when cancellationToken.IsCancellationRequested:
                    return cause == exception ? exception : new OperationCanceledException(exception.Message, exception, cancellationToken);
                case AmazonServiceException { StatusCode: not 0 } failure:
                    return Translate(failure, name);
            }
        }
        return exception is AmazonServiceException or HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException
            ? new CloudException(CloudErrorKind.Transient, $"The connection to {address.Service} failed: {Inmost(exception)}", exception)
            : new CloudException(CloudErrorKind.Other, $"The request to {address.Service} failed: {Inmost(exception)}", exception);
    }

    private CloudException Translate(AmazonServiceException failure, string name)
    {
        var service = address.Service;
        var (kind, message) = failure.ErrorCode switch
        {
            "NoSuchKey" => (CloudErrorKind.NotFound, $"There is no object named '{name}'."),
            "NoSuchBucket" => (CloudErrorKind.NotFound, $"There is no bucket '{address.Bucket}' at {service}; create it or correct the address."),
            "PreconditionFailed" or "ConditionalRequestConflict" =>
                (CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already."),
            "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidClientTokenId" or "NotSignedUp" =>
                (CloudErrorKind.Unauthorized, $"{service} refuses the access key of the bucket '{address.Bucket}'; check both parts of it."),
            "ExpiredToken" or "InvalidToken" or "TokenRefreshRequired" =>
                (CloudErrorKind.Unauthorized, $"The login at {service} has expired; sign in again."),
            "RequestTimeTooSkewed" =>
                (CloudErrorKind.Other, $"This machine's clock differs too much from that of {service}; set it right."),
            "AccessDenied" or "AllAccessDisabled" or "AccountProblem" => (
                CloudErrorKind.Forbidden,
                $"{service} does not let this access key do this in the bucket '{address.Bucket}'; check its permissions and the bucket's name."),
            "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" =>
                (CloudErrorKind.Other, $"The bucket '{address.Bucket}' is in another region; add region=... to the address."),
            "BucketAlreadyExists" => (CloudErrorKind.Forbidden, $"The bucket name '{address.Bucket}' is taken by somebody else; choose another."),
            "InvalidBucketName" => (CloudErrorKind.InvalidAddress, $"'{address.Bucket}' cannot be the name of a bucket."),
            "QuotaExceeded" or "TooManyBuckets" or "XMinioStorageFull" => (CloudErrorKind.QuotaExceeded, $"The account at {service} is full."),
            "EntityTooLarge" => (CloudErrorKind.TooLarge, $"'{name}' is larger than {service} takes."),
            "SlowDown" or "TooManyRequests" or "RequestLimitExceeded" or "Throttling" or "ThrottlingException" =>
                (CloudErrorKind.RateLimited, $"{service} asks for fewer requests."),
            "BadDigest" or "XAmzContentSHA256Mismatch" => (CloudErrorKind.Corrupt, $"{service} received other bytes than were sent."),
            "RequestTimeout" or "OperationAborted" or "InternalError" or "ServiceUnavailable" =>
                (CloudErrorKind.Transient, $"{service} is in trouble ({failure.ErrorCode})."),
            _ => ByStatus(failure, name),
        };
        return new CloudException(kind, message, failure);
    }

    private (CloudErrorKind Kind, string Message) ByStatus(AmazonServiceException failure, string name) => (int)failure.StatusCode switch
    {
        404 => (CloudErrorKind.NotFound, $"There is no object named '{name}'."),
        409 or 412 => (CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already."),
        401 => (CloudErrorKind.Unauthorized, $"{address.Service} refuses the access key; check both parts of it."),
        403 => (CloudErrorKind.Forbidden, $"{address.Service} does not let this access key do this in the bucket '{address.Bucket}'."),
        429 => (CloudErrorKind.RateLimited, $"{address.Service} asks for fewer requests."),
        507 => (CloudErrorKind.QuotaExceeded, $"The account at {address.Service} is full."),
        408 or >= 500 => (CloudErrorKind.Transient, $"{address.Service} is in trouble (status {(int)failure.StatusCode})."),
        var status => (CloudErrorKind.Other, $"{address.Service} refuses the request (status {status}, {failure.ErrorCode})."),
    };

    private static string Inmost(Exception exception) => exception.GetBaseException().Message.TrimEnd('.') + ".";
}
