namespace CuckooDrive.Format.Tests.Vectors;

// The shapes of the JSON files beside this one. Bytes are lower-case hex. docs/format.md describes them.

/// <param name="Note">What the case is about.</param>
/// <param name="Master">The drive's master key.</param>
/// <param name="DriveId">The drive's id.</param>
/// <param name="Purpose">A name of <see cref="KeyPurpose"/>.</param>
/// <param name="Context">Bound to the key.</param>
/// <param name="Key">32 bytes that follow.</param>
public sealed record KeyVector(string Note, string Master, string DriveId, string Purpose, string Context, string Key);

/// <param name="Note">What the case is about.</param>
/// <param name="Master">The drive's master key.</param>
/// <param name="DriveId">The drive's id.</param>
/// <param name="Pack">The pack's id in its text form.</param>
/// <param name="Number">The chunk's number.</param>
/// <param name="Codec">0 raw, 1 zstd.</param>
/// <param name="PlainLength">Bytes of the plaintext.</param>
/// <param name="Sealed">The bytes in the shard.</param>
/// <param name="Plain">What they open to, or null where they must be refused.</param>
public sealed record ChunkVector(string Note, string Master, string DriveId, string Pack, uint Number, byte Codec, int PlainLength, string Sealed, string? Plain);

/// <param name="Kind">"chunk-id", "shard-tag" (context: pack id and shard index, u32), "name-hash" (context: parent, u64).</param>
/// <param name="Master">The drive's master key.</param>
/// <param name="DriveId">The drive's id.</param>
/// <param name="Context">See the kind.</param>
/// <param name="Input">What is hashed.</param>
/// <param name="Hash">16 bytes.</param>
public sealed record HashVector(string Kind, string Master, string DriveId, string Context, string Input, string Hash);

/// <param name="Note">What the case is about.</param>
/// <param name="Master">The drive's master key.</param>
/// <param name="DriveId">The drive's id.</param>
/// <param name="Purpose">A name of <see cref="KeyPurpose"/>.</param>
/// <param name="Name">The object's name, bound.</param>
/// <param name="Sealed">The object.</param>
/// <param name="Error">A name of <see cref="ObjectOpenError"/>.</param>
/// <param name="Plain">What it opens to, null where it must be refused.</param>
/// <param name="PayloadIsValid">Whether the content is a well-formed payload of its kind; null where it is none.</param>
public sealed record ObjectVector(string Note, string Master, string DriveId, string Purpose, string Name, string Sealed, string Error, string? Plain, bool? PayloadIsValid);

/// <param name="Note">What the case is about.</param>
/// <param name="Bytes">The header.</param>
/// <param name="DecodeError">A name of <see cref="HeaderError"/>.</param>
/// <param name="SecretKind">A name of <see cref="Format.SecretKind"/>.</param>
/// <param name="Secret">The passphrase or recovery key as typed, the key file as hex.</param>
/// <param name="UnlockError">A name of <see cref="Format.UnlockError"/>; null where the header is not well-formed.</param>
/// <param name="Master">The master key, null where nothing opens.</param>
/// <param name="Labels">The slots' labels, null where nothing opens.</param>
public sealed record HeaderVector(string Note, string Bytes, string DecodeError, string SecretKind, string Secret, string? UnlockError, string? Master, string[]? Labels);

/// <param name="K">Data shards.</param>
/// <param name="M">Parity shards.</param>
/// <param name="Data">K shards.</param>
/// <param name="Parity">M shards.</param>
public sealed record ErasureVector(int K, int M, string[] Data, string[] Parity);

/// <param name="Note">What the case is about.</param>
/// <param name="Master">The drive's master key.</param>
/// <param name="DriveId">The drive's id.</param>
/// <param name="Key">The row's key.</param>
/// <param name="Sealed">The value in the local store.</param>
/// <param name="Plain">What it opens to, null where it must be refused.</param>
public sealed record ValueVector(string Note, string Master, string DriveId, string Key, string Sealed, string? Plain);
