using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace CuckooDrive.Clouds.Providers.Memory;

/// <summary>The objects that storages of one name share. Thread safe.</summary>
internal sealed class MemoryStore
{
    // Guards changes, so that quota, create-once and move are atomic; reads go to the concurrent map without it.
    private readonly Lock _changes = new();
    private long _quota = long.MaxValue;
    private long _used;

    public ConcurrentDictionary<string, MemoryObject> Objects { get; } = new(StringComparer.Ordinal);

    public long Used => Interlocked.Read(ref _used);

    public long? Quota
    {
        get => Interlocked.Read(ref _quota) is var quota and < long.MaxValue ? quota : null;
        set => Interlocked.Exchange(ref _quota, value ?? long.MaxValue);
    }

    public void CheckSpace(long length)
    {
        if (length > Interlocked.Read(ref _quota) - Used)
            throw new CloudException(CloudErrorKind.QuotaExceeded, "The store in memory is full.");
    }

    public void Add(string name, MemoryObject entry)
    {
        lock (_changes)
        {
            CheckSpace(entry.Data.Length);
            if (!Objects.TryAdd(name, entry))
                throw MemoryStorage.Exists(name);
            Interlocked.Add(ref _used, entry.Data.Length);
        }
    }

    public void Remove(string name)
    {
        lock (_changes)
        {
            if (Objects.TryRemove(name, out var entry))
                Interlocked.Add(ref _used, -entry.Data.Length);
        }
    }

    public void Move(string source, string target)
    {
        lock (_changes)
        {
            if (!Objects.TryGetValue(source, out var entry))
                throw MemoryStorage.Missing(source);
            if (!Objects.TryAdd(target, entry))
                throw MemoryStorage.Exists(target);
            Objects.TryRemove(source, out _);
        }
    }
}

internal sealed class MemoryObject(byte[] data, DateTimeOffset modified)
{
    private readonly string _hash = Convert.ToHexStringLower(SHA256.HashData(data));

    public byte[] Data { get; } = data;

    public CloudObject Describe(string name) => new(name, Data.Length, modified, _hash);
}
