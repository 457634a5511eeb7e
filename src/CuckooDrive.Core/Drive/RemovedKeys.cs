using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// The key slots that were removed on this machine, by their salts, in a sealed file of the local state: a header of somebody who did not
/// know of that must not bring them back. docs/format.md, "The local store". Immutable.
/// </summary>
internal sealed class RemovedKeys
{
    private const string FileName = "removed-keys";
    private const byte Version = 1;

    private readonly HashSet<string> _salts;

    private RemovedKeys(IEnumerable<string> salts) => _salts = [.. salts];

    public static RemovedKeys None { get; } = new([]);

    public bool Contains(KeySlot slot) => _salts.Contains(SaltOf(slot));

    public RemovedKeys With(IEnumerable<KeySlot> slots) => new(_salts.Union(slots.Select(SaltOf)));

    public RemovedKeys Without(IEnumerable<KeySlot> slots) => new(_salts.Except(slots.Select(SaltOf)));

    /// <summary>None where the file is missing or damaged: then nothing is known.</summary>
    public static RemovedKeys Read(string stateDirectory, DriveKeys keys)
    {
        var path = Path.Combine(stateDirectory, FileName);
        if (!File.Exists(path) || !new ObjectSealer(keys).TryOpen(KeyPurpose.Configuration, FileName, File.ReadAllBytes(path), out var plain, out _))
            return None;
        var reader = new RecordReader(plain);
        Records.CheckVersion(reader.U8(), Version);
        var salts = new List<string>();
        for (int left = reader.U16(); left > 0; left--)
            salts.Add(Convert.ToHexString(reader.Bytes(KeySlot.SaltLength)));
        reader.End();
        return new RemovedKeys(salts);
    }

    /// <summary>Durable when this returns. Under the lock of the local header.</summary>
    public void Write(string stateDirectory, DriveKeys keys)
    {
        var writer = new RecordWriter().U8(Version).U16(checked((ushort)_salts.Count));
        foreach (var salt in _salts)
            writer.Bytes(Convert.FromHexString(salt));
        PrivateFiles.Replace(Path.Combine(stateDirectory, FileName), new ObjectSealer(keys).Seal(KeyPurpose.Configuration, FileName, writer.Written));
    }

    private static string SaltOf(KeySlot slot) => Convert.ToHexString(slot.Salt);
}
