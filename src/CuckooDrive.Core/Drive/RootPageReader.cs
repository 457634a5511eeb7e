using System.Collections.Concurrent;
using CuckooDrive.Clouds;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Reads the pages of a checkpoint with nothing but its root, the keys and some of the clouds: the page's own shard where it
/// can be had, else the same bytes of k others. Bytes that do not authenticate count as missing. Thread safe until disposed.
/// </summary>
internal sealed class RootPageReader(
    RootObject root, DriveKeys keys, IReadOnlyDictionary<ushort, ICloudStorage> clouds, TimeSpan patience, TimeProvider time) : IDisposable
{
    private readonly Dictionary<int, PackCipher> _ciphers = [];

    /// <summary>Clouds that did not answer once: they are not asked again.</summary>
    private readonly ConcurrentDictionary<ushort, bool> _silent = new();

    /// <summary>The page's rows.</summary>
    /// <exception cref="DriveException">NotEnoughClouds: no combination of shards yields it.</exception>
    public async Task<byte[]> ReadAsync(RootPage page, CancellationToken cancellationToken)
    {
        var pack = root.Packs[page.Pack];
        var ranges = new byte[]?[pack.Shards.Count];
        ranges[page.Shard] = await TryReadAsync(pack, page.Shard, page, cancellationToken).ConfigureAwait(false);
        if (TryOpen(page, ranges[page.Shard]) is { } plain)
            return plain;
        for (var shard = 0; shard < ranges.Length; shard++)
        {
            if (shard != page.Shard)
                ranges[shard] = await TryReadAsync(pack, shard, page, cancellationToken).ConfigureAwait(false);
        }
        return TryCombinations(pack, page, ranges, [], 0) ?? throw new DriveException(DriveErrorKind.NotEnoughClouds,
            $"A page of the drive's metadata (pack {pack.Id}) cannot be read from the clouds given; give more of the drive's clouds.");
    }

    public void Dispose()
    {
        foreach (var cipher in _ciphers.Values)
            cipher.Dispose();
    }

    private async Task<byte[]?> TryReadAsync(RootPack pack, int shard, RootPage page, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Shard(pack.Id, shard);
        // A shard may have found another home since the root was written: the recorded one first, then the others.
        var recorded = pack.Shards[shard].Cloud;
        foreach (var (id, cloud) in clouds.OrderBy(pair => pair.Key != recorded))
        {
            if (_silent.ContainsKey(id))
                continue;
            using var silence = new CancellationTokenSource(patience, time);
            try
            {
                var bytes = new byte[page.SealedLength];
                var length = await cloud.ReadAsync(name, page.Offset, bytes, cancellationToken).AsTask().WaitAsync(silence.Token).ConfigureAwait(false);
                if (length == bytes.Length)
                    return bytes;
            }
            catch (CloudException) when (!cancellationToken.IsCancellationRequested)
            {
                // The next cloud, or parity, may help; if nothing does, the caller says so.
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                _silent[id] = true;
            }
        }
        return null;
    }

    private byte[]? TryCombinations(RootPack pack, RootPage page, byte[]?[] ranges, int[] chosen, int from)
    {
        if (chosen.Length == pack.DataShards)
            return TryOpen(page, Reconstruct(pack, page, ranges, chosen));
        for (var shard = from; shard < ranges.Length; shard++)
        {
            if (shard != page.Shard && ranges[shard] is not null &&
                TryCombinations(pack, page, ranges, [.. chosen, shard], shard + 1) is { } plain)
                return plain;
        }
        return null;
    }

    private static byte[] Reconstruct(RootPack pack, RootPage page, byte[]?[] ranges, int[] chosen)
    {
        var code = new ErasureCode(pack.DataShards, pack.ParityShards);
        var output = new byte[page.SealedLength];
        ReadOnlyMemory<byte>[] present = [.. chosen.Select(shard => (ReadOnlyMemory<byte>)ranges[shard]!)];
        code.Reconstruct(chosen, present, [page.Shard], [output.AsMemory()]);
        return output;
    }

    private PackCipher CipherOf(int pack)
    {
        lock (_ciphers)
        {
            if (!_ciphers.TryGetValue(pack, out var cipher))
                _ciphers.Add(pack, cipher = new PackCipher(keys, root.Packs[pack].Id));
            return cipher;
        }
    }

    private byte[]? TryOpen(RootPage page, byte[]? sealedPage)
    {
        if (sealedPage is null)
            return null;
        var length = PackLayout.PayloadLength(page.Codec, page.SealedLength);
        if (length < 0)
            return null;
        var cipher = CipherOf(page.Pack);
        var payload = new byte[length];
        var plain = new byte[page.PlainLength];
        return cipher.TryOpen(page.Number, page.Codec, page.PlainLength, sealedPage, payload)
            && ChunkCodec.Decompress(page.Codec, payload, plain) ? plain : null;
    }
}
