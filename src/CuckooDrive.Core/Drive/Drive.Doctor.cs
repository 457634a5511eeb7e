using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <content>Checking the whole drive.</content>
public sealed partial class Drive
{
    private const int MostFilesTold = 100;

    /// <summary>
    /// Checks that the drive is consistent: the store, its rows, reference counts, and that the clouds list the objects
    /// they should hold. With <paramref name="thorough"/> every shard is read and verified. Changes nothing.
    /// </summary>
    public Task<DoctorReport> CheckAsync(bool thorough, IProgress<DoctorProgress>? progress = null, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(_folder.Path, async () =>
        {
            if (!_options.ReadOnly)
                await _volume.CommitAsync(sealPacks: false, hook: null, cancellationToken).ConfigureAwait(false);
            using var snapshot = _store.TakeSnapshot();
            var doctor = new Doctor(snapshot, _clouds.Members, _settings.Redundancy, _keys, _replicator.Position, progress);
            var report = await Task.Run(() => doctor.RunAsync(thorough, cancellationToken), cancellationToken).ConfigureAwait(false);
            var chunks = await Task.Run(() => _chunks.VerifyAsync(askClouds: false, progress: null, cancellationToken), cancellationToken).ConfigureAwait(false);
            var lost = await Task.Run(() => DescribeLost(snapshot, chunks.LostPacks.ToHashSet()), cancellationToken).ConfigureAwait(false);
            return report with
            {
                Findings =
                [
                    .. report.Findings,
                    .. chunks.Problems.Select(problem => new DoctorFinding(DoctorSeverity.Error, "chunks", problem)),
                    .. lost.Select(problem => new DoctorFinding(DoctorSeverity.Error, "files", problem)),
                ],
                Facts = [.. report.Facts, new DoctorFact("chunks opened here", chunks.OpenedChunks)],
            };
        });

    private List<string> DescribeLost(SqliteSnapshot snapshot, HashSet<uint> packs)
    {
        if (packs.Count == 0)
            return [];
        using var store = new SnapshotStore(snapshot);
        var lost = LostFiles.Find(store, packs, _chunks.FindLostChunks(packs));
        var told = lost.FindPaths(MostFilesTold);
        var problems = told.Select(path => $"'{path}' has data that can be read neither on this machine's disk nor from the clouds.").ToList();
        if (lost.Count > told.Count)
            problems.Add($"There are {lost.Count - told.Count} more files, or deleted ones still open, like that.");
        problems.AddRange(lost.FindStrandedPaths(MostFilesTold).Select(static path =>
            $"'{path}' can be read, but some of it only from this machine's disk: damage beside it keeps it from the clouds. Copy it elsewhere and back, and delete the old one."));
        return problems;
    }
}
