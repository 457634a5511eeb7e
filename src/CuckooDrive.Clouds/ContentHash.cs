namespace CuckooDrive.Clouds;

/// <summary>Computes the hashes that providers report, to compare them with what was sent.</summary>
public static class ContentHash
{
    /// <summary>The hash, or null for a kind that is not computed here.</summary>
    public static async Task<byte[]?> ComputeAsync(
        CloudHashKind kind, CloudContent content, CancellationToken cancellationToken = default)
    {
        using var hash = ContentHasher.Create(kind);
        if (hash is null)
            return null;

        await using var source = ContentReader.Open(content);
        var buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            hash.Append(buffer.AsSpan(0, read));
        return hash.Finish();
    }

    /// <summary>Compares a provider's printed hash, in hex or base64, with bytes.</summary>
    public static bool AreEqual(string printed, ReadOnlySpan<byte> hash) =>
        printed.Equals(Convert.ToHexString(hash), StringComparison.OrdinalIgnoreCase) || printed == Convert.ToBase64String(hash);
}
