namespace CuckooDrive.Clouds.Providers.Box;

/// <summary>Ids of files by the names of their objects, as last seen: for reads, which find out by themselves when one is old. Thread safe.</summary>
internal sealed class BoxIds
{
    private const int Most = 50_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);

    public string? Find(string name)
    {
        lock (_gate)
            return _ids.GetValueOrDefault(name);
    }

    public void Keep(string name, string id)
    {
        lock (_gate)
        {
            if (_ids.Count >= Most)
                _ids.Clear();
            _ids[name] = id;
        }
    }

    public void Forget(string name)
    {
        lock (_gate)
            _ids.Remove(name);
    }
}
