using CuckooDrive.Format;

namespace CuckooDrive.Core.Chunks;

/// <summary>
/// The answers to one chunk's read so far, and the search for a combination that authenticates. Used by one task at a time.
/// </summary>
internal sealed class DegradedRead(ChunkLocation location, ChunkOpener opener)
{
    /// <summary>A bound on reconstructions for hostile clouds: all combinations for every usual width.</summary>
    private const int MaximumTries = 1000;

    private readonly List<ShardRange> _answers = [];
    private ErasureCode? _code;
    private int _tries;

    /// <summary>The shards that gave the chunk when its own did not; null before, or when its own did.</summary>
    public int[]? WonBy { get; private set; }

    /// <summary>Others were asked because its own shard was late, see <see cref="HedgeBudget"/>.</summary>
    public bool IsHedged { get; set; }

    /// <summary>The sealed chunk that authenticated.</summary>
    public byte[]? Sealed { get; private set; }

    /// <summary>Takes an answer in; returns the chunk when it can be opened now.</summary>
    public CachedChunk? Accept(ShardRange answer)
    {
        _answers.Add(answer);
        if (answer.Bytes is null)
            return null;
        if (answer.Shard == location.Record.Shard)
            return TryOpen(answer.Bytes);
        return TryCombinations(answer);
    }

    /// <summary>Shards whose answers contradict the chunk that was opened, or that were not there. The chunk's own also when none was opened.</summary>
    public IEnumerable<(int Shard, ShardState Finding)> Findings()
    {
        foreach (var answer in _answers)
        {
            if (answer.Bytes is null && answer.Finding is ShardState.Missing or ShardState.Damaged)
                yield return (answer.Shard, answer.Finding);
            else if (answer.Bytes is not null && !IsRight(answer))
                yield return (answer.Shard, ShardState.Damaged);
        }
    }

    public string Describe(Func<int, string> cloudOf)
    {
        var reasons = _answers.Select(answer => answer.Error ?? $"{cloudOf(answer.Shard)} returned shard {answer.Shard}");
        var summary = string.Join("; ", reasons);
        return _answers.Any(answer => answer.Bytes is not null)
            ? summary + "; what was returned does not authenticate or is not enough"
            : summary;
    }

    private CachedChunk? TryOpen(byte[] sealedChunk)
    {
        var chunk = opener.TryOpen(location, sealedChunk);
        if (chunk is not null)
            Sealed = sealedChunk;
        return chunk;
    }

    // Only combinations with the newest answer are new.
    private CachedChunk? TryCombinations(ShardRange newest)
    {
        var others = _answers.Where(answer => answer.Bytes is not null && answer.Shard != newest.Shard && answer.Shard != location.Record.Shard).ToArray();
        var k = location.Pack.DataShards;
        var chosen = new ShardRange[k];
        chosen[0] = newest;
        return Choose(others, 0, chosen, 1);
    }

    private CachedChunk? Choose(ShardRange[] others, int from, ShardRange[] chosen, int count)
    {
        if (count == chosen.Length)
            return _tries++ < MaximumTries ? TryReconstruct(chosen) : null;
        for (var i = from; i < others.Length; i++)
        {
            chosen[count] = others[i];
            if (Choose(others, i + 1, chosen, count + 1) is { } chunk)
                return chunk;
        }
        return null;
    }

    private CachedChunk? TryReconstruct(ShardRange[] chosen)
    {
        var chunk = TryOpen(Reconstruct(chosen, location.Record.Shard));
        if (chunk is not null)
            WonBy = [.. chosen.Select(answer => answer.Shard)];
        return chunk;
    }

    private byte[] Reconstruct(ReadOnlySpan<ShardRange> chosen, int wanted)
    {
        _code ??= new ErasureCode(location.Pack.DataShards, location.Pack.Redundancy.ParityShards);
        var indexes = new int[chosen.Length];
        var present = new ReadOnlyMemory<byte>[chosen.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            indexes[i] = chosen[i].Shard;
            present[i] = chosen[i].Bytes;
        }
        var output = new byte[location.Record.SealedLength];
        _code.Reconstruct(indexes, present, [wanted], [output]);
        return output;
    }

    private bool IsRight(ShardRange answer)
    {
        if (answer.Shard == location.Record.Shard)
            return answer.Bytes.AsSpan().SequenceEqual(Sealed);
        if (WonBy is not { } winners || winners.Contains(answer.Shard))
            return true;
        var good = winners.Select(shard => _answers.First(other => other.Shard == shard && other.Bytes is not null)).ToArray();
        return answer.Bytes.AsSpan().SequenceEqual(Reconstruct(good, answer.Shard));
    }
}
