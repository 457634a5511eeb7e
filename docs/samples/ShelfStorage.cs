using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CuckooDrive.Clouds;

namespace CuckooDrive.Samples;

/// <summary>
/// <c>shelf:name</c>: a toy provider that shows all that a real one needs. The "service" is a dictionary with the manners of
/// a consumer cloud: it knows whole objects and pages of names, and reports trouble in its own way.
/// </summary>
public sealed class ShelfStorage(string address, ShelfService service, TimeProvider time) : ICloudStorage
{
    /// <summary>The registration line.</summary>
    public static CloudProvider Provider { get; } = new("shelf", "shelf:name", Open);

    // Declare what holds always, and nothing else: placement, retries and checks rely on it.
    public CloudCapabilities Capabilities { get; } = new()
    {
        CreateOnce = true,
        RangeRead = true,
        ConsistentList = true,
        MaximumObjectSize = 256 << 20,
        ParallelWrites = 4,
        FailureDomain = "shelf.example",
    };

    public string Address => address;

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Page by page: a list of a million objects must not be held in memory.
        string? cursor = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (names, next) = await CallAsync("list", () => service.Page(prefix, cursor)).ConfigureAwait(false);
            foreach (var (name, length) in names)
                yield return new CloudObject(name, length);
            cursor = next;
        }
        while (cursor is not null);
    }

    public async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        return await CallAsync(name, () => service.Fetch(name, offset, destination.Span)).ConfigureAwait(false);
    }

    public async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        var found = await StatAsync(name, cancellationToken).ConfigureAwait(false) ??
            throw new CloudException(CloudErrorKind.NotFound, $"There is no object named '{name}'.");
        // A real provider returns the stream of its HTTP answer; this one reads ranges.
        return new RangeStream(this, name, offset, Math.Min(length ?? long.MaxValue, Math.Max(0, found.Length - offset)));
    }

    public async Task<CloudObject> WriteAsync(
        string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        // Saves an upload that would be refused; the service decides at the end, atomically.
        if (await StatAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw new CloudException(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

        // ContentReader turns content that throws, or has another length than it says, into the right error.
        await using var source = ContentReader.Open(content);
        var upload = service.Begin();
        var part = new byte[64 << 10];
        for (int read; (read = await source.ReadAsync(part, cancellationToken).ConfigureAwait(false)) > 0;)
            await CallAsync(name, () => upload.Append(part.AsSpan(0, read))).ConfigureAwait(false);
        await source.FinishAsync(cancellationToken).ConfigureAwait(false);

        // The one moment when the object becomes visible, whole; until then it is nothing.
        await CallAsync(name, () => service.Commit(name, upload)).ConfigureAwait(false);
        return new CloudObject(name, content.Length, time.GetUtcNow());
    }

    public async Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        var length = await CallAsync(name, () => service.Length(name)).ConfigureAwait(false);
        return length is { } found ? new CloudObject(name, found) : null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        await CallAsync(name, () => service.Remove(name)).ConfigureAwait(false);
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
        throw new CloudException(CloudErrorKind.Unsupported, "A shelf cannot rename objects.");

    public Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new CloudQuota(null, null, null));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static ShelfStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        // Check the address, and contact nobody: trouble with the network belongs to the first call.
        address.AllowOptions();
        if (address.Host is not null || address.Path.Length == 0)
        {
            throw new CloudException(
                CloudErrorKind.InvalidAddress, $"'{address}' is not the address of a shelf; write it as shelf:name.");
        }
        return new ShelfStorage(address.Text, ShelfService.Named(address.Path), options.Time);
    }

    // One place where the service's own errors become the contract's.
    private static async Task<T> CallAsync<T>(string name, Func<T> call)
    {
        await Task.Yield();
        try
        {
            return call();
        }
        catch (ShelfException exception)
        {
            throw exception.Status switch
            {
                404 => new CloudException(CloudErrorKind.NotFound, $"There is no object named '{name}'.", exception),
                409 => new CloudException(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.", exception),
                507 => new CloudException(CloudErrorKind.QuotaExceeded, "The shelf is full.", exception),
                _ => new CloudException(CloudErrorKind.Transient, "The shelf is in trouble.", exception),
            };
        }
    }

    private sealed class RangeStream(ShelfStorage storage, string name, long offset, long left) : ReadOnlyStream
    {
        private long _offset = offset;
        private long _left = left;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer = buffer[..(int)Math.Min(buffer.Length, _left)];
            var read = await storage.ReadAsync(name, _offset, buffer, cancellationToken).ConfigureAwait(false);
            _offset += read;
            _left -= read;
            return read;
        }
    }
}

/// <summary>The pretended service.</summary>
public sealed class ShelfService
{
    private const int PageSize = 100;
    private static readonly ConcurrentDictionary<string, ShelfService> All = new();
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public static ShelfService Named(string name) => All.GetOrAdd(name, _ => new ShelfService());

    public (List<(string Name, long Length)> Names, string? Cursor) Page(string prefix, string? cursor)
    {
        var page = _objects
            .Where(each => each.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(each.Key, cursor) > 0)
            .OrderBy(each => each.Key, StringComparer.Ordinal)
            .Take(PageSize)
            .Select(each => (each.Key, (long)each.Value.Length))
            .ToList();
        return (page, page.Count == PageSize ? page[^1].Key : null);
    }

    public int Fetch(string name, long offset, Span<byte> destination)
    {
        var data = _objects.TryGetValue(name, out var found) ? found : throw new ShelfException(404);
        var count = (int)Math.Clamp(data.Length - offset, 0, destination.Length);
        data.AsSpan((int)Math.Min(offset, data.Length), count).CopyTo(destination);
        return count;
    }

    public long? Length(string name) => _objects.TryGetValue(name, out var data) ? data.Length : null;

    public ShelfUpload Begin() => new();

    public bool Commit(string name, ShelfUpload upload) =>
        _objects.TryAdd(name, upload.Data()) ? true : throw new ShelfException(409);

    public bool Remove(string name) => _objects.TryRemove(name, out _);
}

/// <summary>An upload in parts, invisible until it is committed.</summary>
public sealed class ShelfUpload
{
    private readonly List<byte> _data = [];

    public long Append(ReadOnlySpan<byte> part)
    {
        _data.AddRange(part);
        return _data.Count;
    }

    internal byte[] Data() => [.. _data];
}

/// <summary>How the service reports trouble.</summary>
public sealed class ShelfException(int status) : Exception($"Status {status}")
{
    public int Status => status;
}
