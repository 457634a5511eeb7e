using System.Buffers;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// The tries of one write or move. After a failure that leaves in doubt whether the try took effect, what is found at the
/// target is compared with what was meant to be there. Not thread safe.
/// </summary>
internal sealed class OwnEffect(ICloudStorage storage)
{
    private bool _doubt;
    private CloudObject? _moved;

    public async ValueTask<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.WriteAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.IsRetryable)
        {
            _doubt = true;
            throw;
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.AlreadyExists && _doubt)
        {
            var found = await storage.StatAsync(name, cancellationToken).ConfigureAwait(false) ??
                throw new CloudException(CloudErrorKind.Transient, $"'{name}' exists and does not exist.", failure);
            if (found.Length == content.Length && await HoldsAsync(found, content, cancellationToken).ConfigureAwait(false))
                return found;
            throw;
        }
    }

    public async ValueTask MoveAsync(string source, string target, CancellationToken cancellationToken)
    {
        // Needed to tell an own move whose answer was lost from a source that never was.
        _moved ??= await storage.StatAsync(source, cancellationToken).ConfigureAwait(false);
        try
        {
            await storage.MoveAsync(source, target, cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException failure) when (failure.IsRetryable)
        {
            _doubt = true;
            throw;
        }
        catch (CloudException failure) when (
            failure.Kind is CloudErrorKind.AlreadyExists or CloudErrorKind.NotFound && _doubt && _moved is not null)
        {
            var left = await storage.StatAsync(source, cancellationToken).ConfigureAwait(false);
            var found = await storage.StatAsync(target, cancellationToken).ConfigureAwait(false);
            if (left is not null || found is null || found.Length != _moved.Length || found.Hash != _moved.Hash)
                throw;
        }
    }

    private async Task<bool> HoldsAsync(CloudObject found, CloudContent content, CancellationToken cancellationToken)
    {
        if (found.Hash is { } hash &&
            await ContentHash.ComputeAsync(storage.Capabilities.Hash, content, cancellationToken).ConfigureAwait(false) is { } own)
            return ContentHash.AreEqual(hash, own);

        await using var stored = await storage.OpenReadAsync(found.Name, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        await using var wanted = ContentReader.Open(content);
        return await AreEqualAsync(stored, wanted, content.Length, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<bool> AreEqualAsync(
        Stream stored, ContentReader wanted, long length, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(2 << 16);
        var (left, right) = (buffer.AsMemory(0, 1 << 16), buffer.AsMemory(1 << 16, 1 << 16));
        for (long position = 0; position < length;)
        {
            var count = await stored.ReadAsync(left, cancellationToken).ConfigureAwait(false);
            if (count == 0)
                return false;
            for (var filled = 0; filled < count;)
            {
                var read = await wanted.ReadAsync(right[filled..count], cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    return false;
                filled += read;
            }
            if (!left.Span[..count].SequenceEqual(right.Span[..count]))
                return false;
            position += count;
        }
        ArrayPool<byte>.Shared.Return(buffer);
        return true;
    }
}
