using System.Buffers.Binary;
using System.Security.Cryptography;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Chunks;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Checks one commit of a drive against itself and against the clouds. Changes nothing; runs beside a drive in use.
/// </summary>
internal sealed class Doctor(
    SqliteSnapshot snapshot,
    IReadOnlyList<CloudMember> members,
    Redundancy redundancy,
    DriveKeys keys,
    JournalPosition position,
    IProgress<DoctorProgress>? progress)
{
    /// <summary>Of one kind of finding so many are told one by one.</summary>
    private const int MostTold = 20;

    private readonly List<DoctorFinding> _findings = [];
    private readonly List<DoctorFact> _facts = [];
    private readonly Dictionary<uint, Pack> _packs = [];
    private readonly Dictionary<ChunkRef, long> _referenceCounts = [];

    public async Task<DoctorReport> RunAsync(bool thorough, CancellationToken cancellationToken)
    {
        Step("Checking the metadata store", 0, 1);
        foreach (var problem in snapshot.CheckIntegrity().Where(line => line != "ok"))
            Error("store", $"SQLite says: {problem}.");
        if (!CheckRows())
            return new DoctorReport(_findings, _facts);
        CheckFiles();
        await CheckCloudsAsync(cancellationToken).ConfigureAwait(false);
        if (thorough)
            await CheckShardsAsync(cancellationToken).ConfigureAwait(false);
        return new DoctorReport(_findings, _facts);
    }

    /// <summary>Opens and parses every row that is not the volume's; false when the store cannot be read on.</summary>
    private bool CheckRows()
    {
        long rows = 0;
        try
        {
            snapshot.Scan([], [0xFF], (key, value) =>
            {
                rows++;
                try
                {
                    ReadRow(key, value);
                }
                catch (InvalidDataException exception)
                {
                    Error("store", $"Row {Convert.ToHexStringLower(key)}: {exception.Message}");
                }
                return true;
            });
        }
        catch (MetadataCorruptException exception)
        {
            Error("store", exception.Message);
            return false;
        }
        _facts.Add(new DoctorFact("rows", rows));
        _facts.Add(new DoctorFact("packs", _packs.Count));
        return true;
    }

    private void ReadRow(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        switch (key[0])
        {
            case MetadataKey.TypePack:
                var ordinal = BinaryPrimitives.ReadUInt32BigEndian(key[1..]);
                _packs.Add(ordinal, PackCodec.Decode(ordinal, value));
                break;
            case MetadataKey.TypeChunks:
                ReadChunks(BinaryPrimitives.ReadUInt32BigEndian(key[1..]), BinaryPrimitives.ReadUInt32BigEndian(key[5..]), value);
                break;
            case MetadataKey.TypeCloud:
                CloudRecord.Decode(BinaryPrimitives.ReadUInt16BigEndian(key[1..]), value);
                break;
        }
    }

    private void ReadChunks(uint pack, uint page, ReadOnlySpan<byte> value)
    {
        var records = new ChunkRecord[ChunkPage.Capacity];
        var count = ChunkPageCodec.Decode(value, records);
        for (var i = 0; i < count; i++)
        {
            if (records[i].References > 0)
                _referenceCounts.Add(new ChunkRef(pack, page * ChunkPage.Capacity + (uint)i), records[i].References);
        }
    }

    /// <summary>Files, folders and extents among themselves; then what refers to each chunk against its recorded count.</summary>
    private void CheckFiles()
    {
        Step("Checking files and references", 0, 1);
        using var store = new SnapshotStore(snapshot);
        var check = VolumeChecker.Run(store);
        Tell("files", check.Problems);
        _facts.Add(new DoctorFact("inodes", check.InodeCount));

        var counted = check.References.ToDictionary(pair => pair.Key, pair => (long)pair.Value);
        foreach (var (_, chunk) in CheckpointRecord.ReadAll(store).SelectMany(record => record.Pages))
            counted[chunk] = counted.GetValueOrDefault(chunk) + 1;
        _facts.Add(new DoctorFact("chunks", _referenceCounts.Count));
        var wrong = new List<string>();
        foreach (var (chunk, count) in counted)
        {
            var recorded = _referenceCounts.GetValueOrDefault(chunk);
            if (recorded != count)
                wrong.Add($"Chunk {chunk.Number} of pack {chunk.Pack} has {count} references and {recorded} are recorded.");
            if (!_packs.TryGetValue(chunk.Pack, out var pack) || pack.State == PackState.Dead || chunk.Number >= pack.ChunkCount)
                wrong.Add($"Chunk {chunk.Number} of pack {chunk.Pack} is in use, and the pack is not there.");
        }
        foreach (var (chunk, count) in _referenceCounts)
        {
            if (!counted.ContainsKey(chunk))
                wrong.Add($"Chunk {chunk.Number} of pack {chunk.Pack} has no references and {count} are recorded.");
        }
        Tell("references", wrong);
    }

    /// <summary>Each cloud lists what the metadata says it holds, in the right length.</summary>
    private async Task CheckCloudsAsync(CancellationToken cancellationToken)
    {
        var done = 0;
        foreach (var member in members)
        {
            Step("Checking the clouds' objects", done++, members.Count);
            try
            {
                await CheckCloudAsync(member, cancellationToken).ConfigureAwait(false);
            }
            catch (CloudException exception)
            {
                Warn("clouds", $"The cloud '{member.Name}' cannot be checked: {exception.Message}");
            }
        }
    }

    private async Task CheckCloudAsync(CloudMember member, CancellationToken cancellationToken)
    {
        var lengths = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach (var item in member.Storage.ListAsync("", cancellationToken).ConfigureAwait(false))
            lengths[item.Name] = item.Length;
        var problems = new List<string>();
        foreach (var pack in _packs.Values)
        {
            for (var shard = 0; shard < pack.Width; shard++)
            {
                var place = pack.Shards[shard];
                if (place.Cloud != member.Id || place.State != ShardState.Stored || pack.State == PackState.Dead)
                    continue;
                if (!lengths.TryGetValue(ObjectNames.Shard(pack.Id, shard), out var length))
                    problems.Add($"The cloud '{member.Name}' lacks shard {shard} of pack {pack.Ordinal}.");
                else if (length != pack.PaddedLength)
                    problems.Add($"Shard {shard} of pack {pack.Ordinal} has {length} bytes on the cloud '{member.Name}' instead of {pack.PaddedLength}.");
            }
        }
        Tell("clouds", problems);
        _facts.Add(new DoctorFact($"objects on {member.Name}", lengths.Count));
        if (!lengths.Keys.Any(name => name.StartsWith(ObjectNames.HeaderPrefix, StringComparison.Ordinal)))
            Error("clouds", $"The cloud '{member.Name}' lacks the drive's header.");
        if (position.RootOrdinal >= 0 && !lengths.ContainsKey(ObjectNames.Root(position.RootEpoch, position.RootIndex)))
            Warn("journal", $"The cloud '{member.Name}' lacks the newest checkpoint.");
        var last = position.NextIndex - 1;
        if (position.NextIndex > 0 && (position.RootOrdinal < 0 || position.RootJournalEpoch < position.Epoch || last >= position.RootJournalIndex) &&
            !lengths.ContainsKey(ObjectNames.Journal(position.Epoch, last)))
            Warn("journal", $"The cloud '{member.Name}' lacks the newest journal segment.");
    }

    /// <summary>Reads every shard and compares its keyed tag.</summary>
    private async Task CheckShardsAsync(CancellationToken cancellationToken)
    {
        var done = 0;
        var problems = new List<string>();
        long shards = 0;
        foreach (var pack in _packs.Values.Where(pack => pack.State == PackState.Sealed))
        {
            Step("Reading every shard", done++, _packs.Count);
            var bad = 0;
            using var cipher = new PackCipher(keys, pack.Id);
            for (var shard = 0; shard < pack.Width; shard++)
            {
                if (pack.Shards[shard].State != ShardState.Stored || members.FirstOrDefault(m => m.Id == pack.Shards[shard].Cloud) is not { } member)
                    continue;
                shards++;
                if (await DescribeDamageAsync(cipher, pack, shard, member, cancellationToken).ConfigureAwait(false) is { } problem)
                {
                    bad++;
                    problems.Add(problem);
                }
            }
            if (bad > redundancy.ParityShards)
                Error("chunks", $"Pack {pack.Ordinal} has {bad} bad shards, more than can be made up for: what is only in it is lost.");
        }
        _facts.Add(new DoctorFact("shards read", shards));
        Tell("chunks", problems);
    }

    private static async Task<string?> DescribeDamageAsync(PackCipher cipher, Pack pack, int shard, CloudMember member, CancellationToken cancellationToken)
    {
        var bytes = new byte[pack.PaddedLength];
        try
        {
            var length = await member.Storage.ReadAsync(ObjectNames.Shard(pack.Id, shard), 0, bytes, cancellationToken).ConfigureAwait(false);
            var tag = new byte[PackLayout.ShardTagLength];
            cipher.ShardTag(shard, bytes.AsSpan(0, length), tag);
            var expected = new byte[PackLayout.ShardTagLength];
            pack.Shards[shard].Tag.Write(expected);
            return CryptographicOperations.FixedTimeEquals(tag, expected)
                ? null
                : $"Shard {shard} of pack {pack.Ordinal} is damaged on the cloud '{member.Name}'.";
        }
        catch (CloudException exception)
        {
            return $"Shard {shard} of pack {pack.Ordinal} cannot be read from the cloud '{member.Name}': {exception.Message}";
        }
    }

    private void Tell(string area, IReadOnlyCollection<string> problems)
    {
        foreach (var problem in problems.Take(MostTold))
            Error(area, problem);
        if (problems.Count > MostTold)
            Error(area, $"There are {problems.Count - MostTold} more problems of this kind.");
    }

    private void Error(string area, string message) => _findings.Add(new DoctorFinding(DoctorSeverity.Error, area, message));

    private void Warn(string area, string message) => _findings.Add(new DoctorFinding(DoctorSeverity.Warning, area, message));

    private void Step(string step, long done, long total) => progress?.Report(new DoctorProgress(step, done, total));
}
