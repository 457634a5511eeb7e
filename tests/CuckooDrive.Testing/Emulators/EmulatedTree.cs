namespace CuckooDrive.Testing.Emulators;

/// <summary>What happened to an attempt to add or move something.</summary>
public enum TreeOutcome
{
    Done,
    Exists,
    Full,
    Gone,
}

/// <summary>A file (with content) or a folder of an emulated account.</summary>
public sealed class TreeNode(string id, long number, string name, StoredContent? content)
{
    internal SortedDictionary<long, TreeNode> Children { get; } = [];

    internal Dictionary<string, TreeNode> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

    public string Id => id;

    /// <summary>Grows with every node: the order of pages, so that changes meanwhile shift nothing.</summary>
    public long Number => number;

    public string Name { get; internal set; } = name;

    public TreeNode? Parent { get; internal set; }

    /// <summary>Null for a folder.</summary>
    public StoredContent? Content { get; internal set; } = content;

    public DateTimeOffset Modified { get; set; }

    public int Version { get; internal set; } = 1;

    /// <summary>Deleted, but not gone: it still takes space.</summary>
    public bool IsTrashed { get; internal set; }

    public bool IsFolder => Content is null;

    public long Size => Content?.Length ?? 0;
}

/// <summary>
/// Files and folders with ids, names that differ by more than case, a trash and a quota, as Box and OneDrive have them. Every
/// call is atomic. Thread safe.
/// </summary>
/// <param name="rootId">The id of the root folder.</param>
/// <param name="newId">Makes the id of the node of a number.</param>
/// <param name="quota">The space of the account in bytes.</param>
public sealed class EmulatedTree(string rootId, Func<long, string> newId, Func<long> quota)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TreeNode> _nodes = new(StringComparer.Ordinal);
    private long _last;
    private long _used;
    private long _trashed;

    public TreeNode Root { get; } = new(rootId, 0, "root", null) { Modified = DateTimeOffset.UtcNow };

    /// <summary>Whether what is in the trash takes space.</summary>
    public bool TrashCounts { get; init; }

    public long Used
    {
        get
        {
            lock (_gate)
                return UsedNow();
        }
    }

    public TreeNode? Find(string id)
    {
        lock (_gate)
            return id == rootId ? Root : _nodes.GetValueOrDefault(id) is { IsTrashed: false } found ? found : null;
    }

    public TreeNode? FindTrashed(string id)
    {
        lock (_gate)
            return _nodes.GetValueOrDefault(id) is { IsTrashed: true } found ? found : null;
    }

    public TreeNode? Find(TreeNode parent, string name)
    {
        lock (_gate)
            return parent.Names.GetValueOrDefault(name);
    }

    /// <summary>The children with numbers above the given one, at most so many.</summary>
    public List<TreeNode> Page(TreeNode parent, long after, int limit)
    {
        lock (_gate)
            return [.. parent.Children.Values.Where(child => child.Number > after).Take(limit)];
    }

    /// <summary>The bytes of a file, or of everything in a folder.</summary>
    public long SizeOf(TreeNode node)
    {
        lock (_gate)
            return SizeNow(node);
    }

    /// <summary>How many children a folder has.</summary>
    public int CountOf(TreeNode folder)
    {
        lock (_gate)
            return folder.Children.Count;
    }

    /// <summary>Adds a file or (without content) a folder. On <see cref="TreeOutcome.Exists"/> the node is that of the name.</summary>
    public (TreeOutcome Outcome, TreeNode Node) Add(TreeNode parent, string name, StoredContent? content)
    {
        lock (_gate)
        {
            if (!IsLive(parent))
                return (TreeOutcome.Gone, parent);
            if (parent.Names.TryGetValue(name, out var existing))
                return (TreeOutcome.Exists, existing);
            if (content is not null && UsedNow() + content.Length > quota())
                return (TreeOutcome.Full, parent);
            var number = ++_last;
            var node = new TreeNode(newId(number), number, name, content) { Modified = DateTimeOffset.UtcNow };
            _nodes.Add(node.Id, node);
            _used += node.Size;
            Attach(node, parent);
            return (TreeOutcome.Done, node);
        }
    }

    /// <summary>Gives a file new content.</summary>
    public TreeOutcome Replace(TreeNode node, StoredContent content)
    {
        lock (_gate)
        {
            if (!IsLive(node))
                return TreeOutcome.Gone;
            if (UsedNow() - node.Size + content.Length > quota())
                return TreeOutcome.Full;
            _used += content.Length - node.Size;
            node.Content!.Delete();
            node.Content = content;
            node.Version++;
            node.Modified = DateTimeOffset.UtcNow;
            return TreeOutcome.Done;
        }
    }

    public TreeOutcome Move(TreeNode node, TreeNode parent, string name)
    {
        lock (_gate)
        {
            if (!IsLive(node) || !IsLive(parent))
                return TreeOutcome.Gone;
            if (parent.Names.TryGetValue(name, out var existing) && existing != node)
                return TreeOutcome.Exists;
            Detach(node);
            node.Name = name;
            node.Version++;
            Attach(node, parent);
            return TreeOutcome.Done;
        }
    }

    /// <summary>Takes a node, with everything in it, out of its folder and into the trash.</summary>
    public bool Trash(TreeNode node)
    {
        lock (_gate)
        {
            if (!IsLive(node))
                return false;
            Detach(node);
            TrashAll(node);
            return true;
        }
    }

    public void Purge(TreeNode node)
    {
        lock (_gate)
        {
            if (!node.IsTrashed || !_nodes.Remove(node.Id))
                return;
            _trashed -= node.Size;
            node.Content?.Delete();
        }
    }

    private static void Attach(TreeNode node, TreeNode parent)
    {
        node.Parent = parent;
        parent.Children.Add(node.Number, node);
        parent.Names.Add(node.Name, node);
    }

    private static void Detach(TreeNode node)
    {
        node.Parent!.Children.Remove(node.Number);
        node.Parent.Names.Remove(node.Name);
    }

    private bool IsLive(TreeNode node) => node == Root || (_nodes.ContainsKey(node.Id) && !node.IsTrashed);

    private static long SizeNow(TreeNode node) => node.IsFolder ? node.Children.Values.Sum(SizeNow) : node.Size;

    private long UsedNow() => TrashCounts ? _used + _trashed : _used;

    private void TrashAll(TreeNode node)
    {
        node.IsTrashed = true;
        _used -= node.Size;
        _trashed += node.Size;
        foreach (var child in node.Children.Values)
            TrashAll(child);
    }
}
