namespace CuckooDrive.Clouds;

/// <summary>What went wrong at a cloud.</summary>
public enum CloudErrorKind
{
    /// <summary>The object (or the bucket, folder or account) is not there.</summary>
    NotFound,
    /// <summary>An object of that name exists; nothing was changed.</summary>
    AlreadyExists,
    /// <summary>The account is full.</summary>
    QuotaExceeded,
    /// <summary>Too many requests; see <see cref="CloudException.RetryAfter"/>.</summary>
    RateLimited,
    /// <summary>The login is missing, expired or revoked.</summary>
    Unauthorized,
    /// <summary>The account may not do this (a read-only share, a policy).</summary>
    Forbidden,
    /// <summary>The network, a time-out or the server's trouble: another try may help.</summary>
    Transient,
    /// <summary>The answer contradicts itself, the protocol, or the hash of what was sent.</summary>
    Corrupt,
    /// <summary>The provider cannot hold an object of that name.</summary>
    InvalidName,
    /// <summary>The object is larger than the provider takes.</summary>
    TooLarge,
    /// <summary>The provider has no such operation.</summary>
    Unsupported,
    /// <summary>The address or its options make no sense.</summary>
    InvalidAddress,
    /// <summary>Anything else; a retry does not help.</summary>
    Other,
}

/// <summary>The one exception of all providers. Its message is one clear sentence without secrets.</summary>
public sealed class CloudException(CloudErrorKind kind, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public CloudErrorKind Kind { get; } = kind;

    /// <summary>How long the provider asks to wait, where it said so.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same call may succeed later without anybody's doing.</summary>
    public bool IsRetryable => Kind is CloudErrorKind.Transient or CloudErrorKind.RateLimited;
}
