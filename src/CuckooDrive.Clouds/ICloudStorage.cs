namespace CuckooDrive.Clouds;

/// <summary>
/// One place that stores objects: a folder, a bucket, an account at a consumer cloud.
/// </summary>
/// <remarks>
/// <para>Names are relative, made of segments of <c>[a-z0-9._-]</c> joined by <c>/</c> (see <see cref="ObjectName"/>);
/// folders come into being with the objects in them. An object is written once and never changed or appended.</para>
/// <para>All members are thread safe. Every failure is a <see cref="CloudException"/> (or
/// <see cref="OperationCanceledException"/> when the caller cancelled), never a provider's own exception.</para>
/// </remarks>
public interface ICloudStorage : IAsyncDisposable
{
    /// <summary>What this provider can do. Constant for the life of the instance.</summary>
    CloudCapabilities Capabilities { get; }

    /// <summary>The address that the user gave, without any secret in it: fit for logs and messages.</summary>
    string Address { get; }

    /// <summary>
    /// Every visible object whose name begins with <paramref name="prefix"/> (a plain string prefix; empty for all), in no
    /// particular order, paged behind the scenes. Objects written or deleted meanwhile may or may not appear; no other
    /// object is left out or listed twice. Temporary or half-written objects never appear.
    /// </summary>
    IAsyncEnumerable<CloudObject> ListAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>
    /// Fills <paramref name="destination"/> from <paramref name="offset"/> (bytes) on and returns the number of bytes read,
    /// which is less than asked only at the end of the object (0 at or past it).
    /// Fails with <see cref="CloudErrorKind.NotFound"/> for a missing object.
    /// </summary>
    ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default);

    /// <summary>
    /// A stream over bytes [<paramref name="offset"/>, offset + <paramref name="length"/>) or to the end when
    /// <paramref name="length"/> is null; never buffers the whole object. The caller disposes it.
    /// </summary>
    Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Creates an object. When the task completes the object is durable, complete and visible to reads and
    /// <see cref="StatAsync"/> (lists may lag where <see cref="CloudCapabilities.ConsistentList"/> is not declared).
    /// When it fails or is cancelled either nothing is visible or the whole object is; never a part of it.
    /// An existing name fails with <see cref="CloudErrorKind.AlreadyExists"/> and leaves the object as it was; that is
    /// atomic among racing writers only where <see cref="CloudCapabilities.CreateOnce"/> is declared.
    /// Content that throws, or is shorter or longer than its length, fails with <see cref="CloudErrorKind.Other"/> and leaves
    /// nothing visible. The content may be opened again for a retry.
    /// </summary>
    Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default);

    /// <summary>Describes one object, or returns null when there is none of that name.</summary>
    Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Removes an object. A missing object is success: deleting is idempotent.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>
    /// Renames an object without transferring it. Needs <see cref="CloudCapabilities.Move"/>, else fails with
    /// <see cref="CloudErrorKind.Unsupported"/>. An existing target fails with <see cref="CloudErrorKind.AlreadyExists"/>.
    /// </summary>
    Task MoveAsync(string source, string target, CancellationToken cancellationToken = default);

    /// <summary>Space of the account in bytes; unknown members are null.</summary>
    Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default);
}

/// <summary>An object as its provider describes it.</summary>
/// <param name="Name">Its full name below the storage's root.</param>
/// <param name="Length">Its size in bytes.</param>
/// <param name="Modified">When the provider says it was written, if it does.</param>
/// <param name="Hash">The provider's own hash of the content in lower-case hex or base64 as the provider prints it, of the
/// kind in <see cref="CloudCapabilities.Hash"/>, or null where there is none or it was not asked for.</param>
public sealed record CloudObject(string Name, long Length, DateTimeOffset? Modified = null, string? Hash = null);

/// <summary>Space of an account in bytes; null where the provider does not say.</summary>
public readonly record struct CloudQuota(long? Total, long? Used, long? Free);
