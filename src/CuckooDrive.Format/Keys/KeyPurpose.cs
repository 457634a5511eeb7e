namespace CuckooDrive.Format;

/// <summary>What a subkey is for. Each purpose has its own label in the derivation, which never changes.</summary>
public enum KeyPurpose : byte
{
    /// <summary>Sealing the chunks of one pack.</summary>
    Pack = 1,
    /// <summary>Tags of whole shards of one pack.</summary>
    ShardTag = 2,
    /// <summary>Keyed hashes of chunks, for deduplication.</summary>
    ChunkId = 3,
    /// <summary>Journal segments.</summary>
    Journal = 4,
    /// <summary>Roots.</summary>
    Root = 5,
    /// <summary>Leases.</summary>
    Lease = 6,
    /// <summary>Member objects.</summary>
    Member = 7,
    /// <summary>Values of the metadata store on the local disk.</summary>
    LocalMetadata = 8,
    /// <summary>Keyed hashes of names.</summary>
    NameHash = 9,
    /// <summary>The private part of a header, and its authentication.</summary>
    Header = 10,
    /// <summary>A drive's configuration on the local disk (tokens, addresses).</summary>
    Configuration = 11,
}
