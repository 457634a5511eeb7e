using System.Security.Cryptography;

namespace CuckooDrive.Clouds;

/// <summary>Computes the hashes that providers report, to compare them with what was sent.</summary>
public static class ContentHash
{
    /// <summary>The hash, or null for a kind that is not computed here.</summary>
    public static async Task<byte[]?> ComputeAsync(
        CloudHashKind kind, CloudContent content, CancellationToken cancellationToken = default)
    {
        if (kind == CloudHashKind.QuickXor)
        {
            var quick = new QuickXorHash();
            await ReadAsync(content, quick.Append, cancellationToken).ConfigureAwait(false);
            return quick.GetHash();
        }
        HashAlgorithmName? algorithm = kind switch
        {
            CloudHashKind.Md5 => HashAlgorithmName.MD5,
            CloudHashKind.Sha1 => HashAlgorithmName.SHA1,
            CloudHashKind.Sha256 => HashAlgorithmName.SHA256,
            _ => null,
        };
        if (algorithm is null)
            return null;

        using var hash = IncrementalHash.CreateHash(algorithm.Value);
        await ReadAsync(content, hash.AppendData, cancellationToken).ConfigureAwait(false);
        return hash.GetHashAndReset();
    }

    /// <summary>Compares a provider's printed hash, in hex or base64, with bytes.</summary>
    public static bool AreEqual(string printed, ReadOnlySpan<byte> hash) =>
        printed.Equals(Convert.ToHexString(hash), StringComparison.OrdinalIgnoreCase) || printed == Convert.ToBase64String(hash);

    private static async Task ReadAsync(
        CloudContent content, Action<ReadOnlySpan<byte>> append, CancellationToken cancellationToken)
    {
        await using var source = ContentReader.Open(content);
        var buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            append(buffer.AsSpan(0, read));
    }
}
