namespace CuckooDrive.Clouds.Http;

/// <summary>
/// Addresses that carry their own permission to download an object, for as long as they are good: a read of an object that was
/// read a moment ago then needs no look-up. Thread safe.
/// </summary>
/// <param name="life">Shorter than the provider's.</param>
/// <param name="time">The clock.</param>
internal sealed class DownloadLinks(TimeSpan life, TimeProvider time)
{
    private const int Most = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (Uri Link, DateTimeOffset End)> _links = new(StringComparer.Ordinal);
    private long _forgotten;

    /// <summary>To be read before a link is looked up, and handed to <see cref="Keep"/>.</summary>
    public long Mark
    {
        get
        {
            lock (_gate)
                return _forgotten;
        }
    }

    public Uri? Find(string name)
    {
        lock (_gate)
            return _links.TryGetValue(name, out var found) && time.GetUtcNow() < found.End ? found.Link : null;
    }

    /// <summary>Keeps a link, unless any was forgotten since the mark was read: it may have been this one.</summary>
    public void Keep(string name, Uri link, long mark)
    {
        lock (_gate)
        {
            if (mark != _forgotten)
                return;
            if (_links.Count >= Most)
                _links.Clear();
            _links[name] = (link, time.GetUtcNow() + life);
        }
    }

    public void Forget(string name)
    {
        lock (_gate)
        {
            _forgotten++;
            _links.Remove(name);
        }
    }
}
