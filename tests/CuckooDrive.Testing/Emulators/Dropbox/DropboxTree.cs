using System.Globalization;
using System.Text.Json.Nodes;

namespace CuckooDrive.Testing.Emulators.Dropbox;

/// <summary>What lies in the emulated Dropbox: a tree by paths that do not tell cases apart. Not thread safe.</summary>
internal sealed class DropboxTree
{
    private readonly SortedDictionary<string, DropboxEntry> _entries = new(StringComparer.Ordinal);
    private int _revision;

    public long Used => _entries.Values.Sum(entry => entry.Content?.Length ?? 0);

    /// <summary>A path as Dropbox keeps it: "/a/b", empty for the root; null for what is no path.</summary>
    public static string? Normalize(string? path)
    {
        if (path is null || (path.Length > 0 && path[0] != '/'))
            return null;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts.Any(part => part is "." or "..") ? null : string.Concat(parts.Select(part => $"/{part}"));
    }

    public DropboxEntry? Find(string path) => _entries.GetValueOrDefault(Key(path));

    public string? PathOfId(string id) => _entries.Values.FirstOrDefault(entry => entry.Id == id)?.Path;

    public bool IsFolder(string path) => path.Length == 0 || Find(path) is { Content: null };

    /// <summary>What is in the way of a new file or folder, as Dropbox calls it, or null.</summary>
    public string? Conflict(string path)
    {
        if (path.Length == 0)
            return "folder";
        if (Find(path) is { } found)
            return found.Content is null ? "folder" : "file";
        for (var parent = Parent(path); parent.Length > 0; parent = Parent(parent))
        {
            if (Find(parent) is { Content: not null })
                return "file_ancestor";
        }
        return null;
    }

    /// <summary>Puts a file (or a folder, without content) in its place, with the folders above it.</summary>
    public DropboxEntry Put(string path, Blob? content, string hash)
    {
        for (var parent = Parent(path); parent.Length > 0; parent = Parent(parent))
            _entries.TryAdd(Key(parent), new DropboxEntry(parent, null, "", NewRevision()));
        return _entries[Key(path)] = new DropboxEntry(path, content, hash, NewRevision());
    }

    /// <summary>Removes an entry and all below it.</summary>
    public void Remove(string path)
    {
        foreach (var key in Below(path, recursive: true).Append(Key(path)).ToList())
            _entries.Remove(key);
    }

    public void Move(string from, string to)
    {
        foreach (var key in Below(from, recursive: true).Append(Key(from)).ToList())
        {
            var entry = _entries[key];
            _entries.Remove(key);
            Put(to + entry.Path[from.Length..], entry.Content, entry.Hash);
        }
    }

    /// <summary>The keys of what lies in a folder.</summary>
    public IEnumerable<string> Below(string path, bool recursive)
    {
        var start = $"{Key(path)}/";
        return _entries.Keys.Where(
            key => key.StartsWith(start, StringComparison.Ordinal) && (recursive || key.IndexOf('/', start.Length) < 0));
    }

    private static string Key(string path) => path.ToLowerInvariant();

    private static string Parent(string path) => path[..path.LastIndexOf('/')];

    private string NewRevision() => (0x5000000000000 + ++_revision).ToString("x", CultureInfo.InvariantCulture);
}

/// <summary>A file, or a folder where there is no content.</summary>
internal sealed record DropboxEntry(string Path, Blob? Content, string Hash, string Revision)
{
    private readonly DateTimeOffset _modified = DateTimeOffset.UtcNow;

    public string Id => $"id:{Revision}";

    public JsonObject Describe(bool tagged = true)
    {
        var entry = new JsonObject();
        if (tagged)
            entry[".tag"] = Content is null ? "folder" : "file";
        entry["name"] = Path[(Path.LastIndexOf('/') + 1)..];
        entry["path_lower"] = Path.ToLowerInvariant();
        entry["path_display"] = Path;
        entry["id"] = Id;
        if (Content is null)
            return entry;
        var time = _modified.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        entry["client_modified"] = time;
        entry["server_modified"] = time;
        entry["rev"] = Revision;
        entry["size"] = Content.Length;
        entry["is_downloadable"] = true;
        entry["content_hash"] = Hash;
        return entry;
    }
}
