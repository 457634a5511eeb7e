using System.Buffers.Binary;
using System.Text;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Which files have data in packs that cannot be read as a whole, and so cannot come to the clouds: chunks that cannot be read at all, or others,
/// which this machine's disk still gives. Goes through all rows, so it is asked only when there are such packs.
/// </summary>
internal sealed class LostFiles
{
    private readonly IMetadataStore _store;
    private readonly IReadOnlySet<uint> _packs;
    private readonly IReadOnlySet<ChunkRef> _chunks;
    private readonly Dictionary<ulong, long> _bytes = [];
    private readonly HashSet<ulong> _stranded = [];

    private LostFiles(IMetadataStore store, IReadOnlySet<uint> packs, IReadOnlySet<ChunkRef> chunks) => (_store, _packs, _chunks) = (store, packs, chunks);

    public int Count => _bytes.Count;

    /// <summary>Bytes of files, holes and what can be read left out.</summary>
    public long Bytes => _bytes.Values.Sum();

    /// <summary>The files all of which can be read, but some of it only from this machine's disk.</summary>
    public int StrandedCount => _stranded.Count(inode => !_bytes.ContainsKey(inode));

    public static LostFiles Find(IMetadataStore store, IReadOnlySet<uint> packs, IReadOnlySet<ChunkRef> chunks)
    {
        var lost = new LostFiles(store, packs, chunks);
        lost.Visit(MetadataKey.TypeInode, (key, value) =>
        {
            var number = Number(key);
            foreach (var (_, region) in VolumeRecords.ReadInode(number, value).Extents.Regions)
                lost.Add(number, region);
        });
        lost.Visit(MetadataKey.TypeExtents, (key, value) => lost.Add(Number(key), VolumeRecords.ReadRegion(value)));
        return lost;
    }

    /// <summary>The paths of some of them, relative to the drive's root.</summary>
    public IReadOnlyList<string> FindPaths(int most) => FindPaths(most, _bytes.ContainsKey);

    public IReadOnlyList<string> FindStrandedPaths(int most) => FindPaths(most, inode => _stranded.Contains(inode) && !_bytes.ContainsKey(inode));

    private List<string> FindPaths(int most, Func<ulong, bool> isWanted)
    {
        var files = new List<(ulong Parent, string Name)>();
        var folders = new Dictionary<ulong, (ulong Parent, string Name)>();
        Visit(MetadataKey.TypeDirectoryEntry, (key, value) =>
        {
            var entry = VolumeRecords.ReadEntry(key[9..], value);
            if (isWanted(entry.Inode))
                files.Add((Number(key), NameOf(entry)));
            else if (entry.Type == Inode.TypeDirectory >> 12)
                folders[entry.Inode] = (Number(key), NameOf(entry));
        });
        return [.. files.Take(most).Select(place => PathOf(place, folders))];
    }

    // A name may hold anything, and this is shown on terminals.
    private static string NameOf(DirectoryEntry entry) =>
        string.Concat(Encoding.UTF8.GetString(entry.Name).Select(static character => char.IsControl(character) ? '?' : character));

    private static string PathOf((ulong Parent, string Name) place, Dictionary<ulong, (ulong Parent, string Name)> folders)
    {
        var path = place.Name;
        // Damaged rows could make a circle.
        for (var depth = 0; depth < 1000 && folders.TryGetValue(place.Parent, out var folder); depth++)
        {
            path = $"{folder.Name}/{path}";
            place = folder;
        }
        return path;
    }

    private void Add(ulong inode, Region region)
    {
        foreach (var extent in region.Extents)
        {
            if (_chunks.Contains(extent.Chunk))
                _bytes[inode] = _bytes.GetValueOrDefault(inode) + extent.Length;
            else if (_packs.Contains(extent.Chunk.Pack))
                _stranded.Add(inode);
        }
    }

    private delegate void Visitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    private void Visit(byte type, Visitor visit) => _store.Scan([type], [(byte)(type + 1)], (key, value) =>
    {
        visit(key, value);
        return true;
    });

    private static ulong Number(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadUInt64BigEndian(key[1..]);
}
