using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Providers.Memory;

/// <summary>
/// <c>memory:name</c>: objects in this process's memory, for tests and trials. All storages opened with the same name share
/// their objects; <c>memory:</c> without a name is a store of its own. <c>?quota=BYTES</c> limits it, <c>?domain=NAME</c>
/// sets the failure domain.
/// </summary>
public sealed class MemoryStorage : ICloudStorage
{
    private static readonly ConcurrentDictionary<string, MemoryStore> Named = new(StringComparer.Ordinal);

    private readonly MemoryStore _store;
    private readonly TimeProvider _time;

    /// <summary>A store of its own that nothing else can open.</summary>
    public MemoryStorage(long? quota = null, TimeProvider? time = null)
        : this("memory:", new MemoryStore { Quota = quota }, $"memory:{Guid.NewGuid():N}", time ?? TimeProvider.System)
    {
    }

    private MemoryStorage(string address, MemoryStore store, string domain, TimeProvider time)
    {
        Address = address;
        _store = store;
        _time = time;
        Capabilities = new CloudCapabilities
        {
            CreateOnce = true,
            RangeRead = true,
            ConsistentList = true,
            Move = true,
            Quota = true,
            Hash = CloudHashKind.Sha256,
            MaximumObjectSize = Array.MaxLength,
            FailureDomain = domain,
        };
    }

    public static CloudProvider Provider { get; } = new("memory", "memory:name", Open);

    public CloudCapabilities Capabilities { get; }

    public string Address { get; }

    /// <summary>The most bytes that the store takes, or null for no limit. May be changed at any time.</summary>
    public long? Quota
    {
        get => _store.Quota;
        set => _store.Quota = value;
    }

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var (name, entry) in _store.Objects)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                yield return entry.Describe(name);
        }
    }

    public ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        var data = Find(name).Data;
        var count = (int)Math.Clamp(data.Length - offset, 0, destination.Length);
        data.AsSpan((int)Math.Min(offset, data.Length), count).CopyTo(destination.Span);
        return new ValueTask<int>(count);
    }

    public Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        cancellationToken.ThrowIfCancellationRequested();
        var data = Find(name).Data;
        var start = (int)Math.Min(offset, data.Length);
        var count = (int)Math.Min(length ?? long.MaxValue, data.Length - start);
        return Task.FromResult<Stream>(new MemoryStream(data, start, count, writable: false));
    }

    public async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        if (_store.Objects.ContainsKey(name))
            throw Exists(name);
        if (content.Length > Array.MaxLength)
            throw new CloudException(CloudErrorKind.TooLarge, $"'{name}' is too large for a store in memory.");

        _store.CheckSpace(content.Length);
        var entry = new MemoryObject(await FillAsync(content, cancellationToken).ConfigureAwait(false), _time.GetUtcNow());
        cancellationToken.ThrowIfCancellationRequested();
        _store.Add(name, entry);
        return entry.Describe(name);
    }

    public Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_store.Objects.TryGetValue(name, out var entry) ? entry.Describe(name) : null);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        _store.Remove(name);
        return Task.CompletedTask;
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(source);
        ObjectName.Check(target);
        cancellationToken.ThrowIfCancellationRequested();
        _store.Move(source, target);
        return Task.CompletedTask;
    }

    public Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var used = _store.Used;
        return Task.FromResult(_store.Quota is { } total
            ? new CloudQuota(total, used, Math.Max(0, total - used))
            : new CloudQuota(null, used, long.MaxValue));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal static CloudException Exists(string name) =>
        new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

    internal static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    private static MemoryStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("quota", "domain");
        if (address.Host is not null || address.Path.Contains('/'))
            throw CloudAddress.Invalid($"'{address}' is not a memory address; write it as memory:name.");
        long? quota = null;
        if (address.Options.TryGetValue("quota", out var text))
        {
            quota = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                ? bytes
                : throw CloudAddress.Invalid($"The quota '{text}' is not a number of bytes.");
        }

        var store = address.Path.Length == 0 ? new MemoryStore() : Named.GetOrAdd(address.Path, _ => new MemoryStore());
        store.Quota = quota ?? store.Quota;
        var domain = address.Options.GetValueOrDefault("domain") ??
            (address.Path.Length == 0 ? $"memory:{Guid.NewGuid():N}" : $"memory:{address.Path}");
        return new MemoryStorage(address.Text, store, domain, options.Time);
    }

    private static async Task<byte[]> FillAsync(CloudContent content, CancellationToken cancellationToken)
    {
        var data = new byte[content.Length];
        await using var source = ContentReader.Open(content);
        for (var filled = 0; filled < data.Length;)
            filled += await source.ReadAsync(data.AsMemory(filled), cancellationToken).ConfigureAwait(false);
        await source.FinishAsync(cancellationToken).ConfigureAwait(false);
        return data;
    }

    private MemoryObject Find(string name)
    {
        ObjectName.Check(name);
        return _store.Objects.TryGetValue(name, out var entry) ? entry : throw Missing(name);
    }
}
