namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// Compares the hash that the provider reports of a new object with that of what was sent, computed while the content passes. A
/// difference is <see cref="CloudErrorKind.Corrupt"/>, content that is not the same each time it is read
/// <see cref="CloudErrorKind.Other"/>, and in both cases the object is removed again. Passes everything on where
/// no hash is declared, and has nothing to compare where the provider tells none of this object. Thread safe.
/// </summary>
/// <remarks>
/// <para>Where the answer to the write has no hash it is asked for, one more request for each write; no byte of the object is read
/// back. If that request fails the write fails with it, and the object is there: a retry around this recognises it.</para>
/// <para>The object is visible for a moment before it is removed. It is removed only where <see cref="CloudCapabilities.CreateOnce"/>
/// is declared and it still has the wrong hash: elsewhere it may be that of another writer.</para>
/// </remarks>
/// <param name="inner">Owned and disposed.</param>
/// <param name="time">The clock; the system's if null.</param>
public sealed class IntegrityStorage(ICloudStorage inner, TimeProvider? time = null) : DelegatingStorage(inner)
{
    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(20);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public override Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default) =>
        Inner.Capabilities.Hash == CloudHashKind.None
            ? Inner.WriteAsync(name, content, cancellationToken)
            : WriteHashedAsync(name, new HashedContent(content, Inner.Capabilities.Hash), cancellationToken);

    private async Task<CloudObject> WriteHashedAsync(string name, HashedContent content, CancellationToken cancellationToken)
    {
        var written = await Inner.WriteAsync(name, content, cancellationToken).ConfigureAwait(false);
        var reported = written.Hash ?? await AskAsync(name, cancellationToken).ConfigureAwait(false);
        var sent = reported is null ? null : await content.HashAsync(cancellationToken).ConfigureAwait(false);
        if (!content.Changed && (reported is null || sent is null || ContentHash.AreEqual(reported, sent)))
            return written with { Hash = reported };

        var end = await RemoveAsync(name, reported).ConfigureAwait(false) ? "it was removed again" : "it may still be there";
        throw content.Changed
            ? new CloudException(CloudErrorKind.Other, $"The content of '{name}' changed while it was sent to {Address}; {end}.")
            : new CloudException(CloudErrorKind.Corrupt, $"{Address} holds other bytes of '{name}' than were sent; {end}.");
    }

    private async Task<string?> AskAsync(string name, CancellationToken cancellationToken)
    {
        var found = await Inner.StatAsync(name, cancellationToken).ConfigureAwait(false) ??
            throw new CloudException(CloudErrorKind.Transient, $"'{name}' was written to {Address} and is not there.");
        return found.Hash;
    }

    // Not cancellable: who gives up on a write must not leave a wrong object behind.
    private async Task<bool> RemoveAsync(string name, string? wrong)
    {
        if (!Inner.Capabilities.CreateOnce)
            return false;
        using var limit = new CancellationTokenSource(CleaningTime, _time);
        try
        {
            // Whoever removed ours meanwhile may have written his own.
            if (await Inner.StatAsync(name, limit.Token).ConfigureAwait(false) is not { } found)
                return true;
            if (found.Hash != wrong)
                return false;
            await Inner.DeleteAsync(name, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is CloudException or OperationCanceledException)
        {
            // What the caller must hear is that the write went wrong.
            return false;
        }
    }
}
