namespace CuckooDrive.Core.Drives;

/// <content>Checking the whole drive.</content>
public sealed partial class Drive
{
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
            return report with
            {
                Findings = [.. report.Findings, .. chunks.Problems.Select(problem => new DoctorFinding(DoctorSeverity.Error, "chunks", problem))],
                Facts = [.. report.Facts, new DoctorFact("chunks opened here", chunks.OpenedChunks)],
            };
        });
}
