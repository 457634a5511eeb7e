using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <content>Adding clouds.</content>
public sealed partial class Drive
{
    private readonly SemaphoreSlim _adding = new(1, 1);

    /// <summary>
    /// Makes an empty place a cloud of the drive: its secrets go into the local state, its member, lease and header objects to
    /// the cloud, its record into the metadata, durably and in this order. Packs sealed from then on may be placed there; how
    /// many shards a pack has stays as the drive was created. The cloud gets the metadata with the next checkpoint, which is
    /// due at once.
    /// </summary>
    /// <exception cref="DriveException">The place does not answer, is in use, or the drive may not write.</exception>
    public Task<CloudStatus> AddCloudAsync(CloudChoice choice, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(_folder.Path, async () =>
        {
            CheckWritable();
            _replicator.ThrowIfFenced();
            await _adding.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var adder = new CloudAdder(_clouds.Records, _keys, _identity, _replicator.Epoch, _folder.Path, _services);
                var candidate = await adder.PrepareAsync(choice, cancellationToken).ConfigureAwait(false);
                return await AdmitAsync(candidate).ConfigureAwait(false);
            }
            finally
            {
                _adding.Release();
            }
        });

    /// <summary>Not cancelled: once the record may be committed, the running drive must know the cloud too.</summary>
    private async Task<CloudStatus> AdmitAsync(CloudCandidate candidate)
    {
        try
        {
            CrashPoint.Reach(CrashStep.CloudPrepared);
            await _volume.CommitAsync(sealPacks: false, new RecordHook(candidate.Record), CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            await candidate.Storage.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        CrashPoint.Reach(CrashStep.CloudRecorded);
        var member = _clouds.Add(candidate.Record, candidate.Storage, new ObjectSealer(_keys));
        _replicator.Add(member);
        await _chunks.AddCloudAsync(member).ConfigureAwait(false);
        return DescribeCloud(candidate.Record, _chunks.GetStatus());
    }

    private sealed class RecordHook(CloudRecord record) : ICommitHook
    {
        public void AddRows(MetadataBatch batch) => record.AddTo(batch);

        public void Committed(long sequence)
        {
        }
    }
}
