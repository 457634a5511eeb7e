using System.Security.Cryptography;

namespace CuckooDrive.Format;

/// <summary>How a sealed object refers to the one before it: SHA-256 of all its bytes as they lie on a cloud.</summary>
public static class ObjectHash
{
    /// <summary>Bytes of a hash.</summary>
    public const int Length = 32;

    /// <summary>What the first object of a chain carries: 32 zero bytes.</summary>
    public static byte[] None => new byte[Length];

    public static byte[] Compute(ReadOnlySpan<byte> sealedObject) => SHA256.HashData(sealedObject);
}
