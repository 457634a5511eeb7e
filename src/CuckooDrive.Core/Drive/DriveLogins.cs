using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Placement;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>A cloud of a drive, by what a login needs to know.</summary>
public sealed record DriveLogin(string Name, string Address);

/// <summary>
/// Renews the secrets with which this machine signs in to a drive's clouds. Works on the local state alone, so it may run
/// while the drive is open: its clouds read the new secrets when the old ones are refused.
/// </summary>
public sealed class DriveLogins : IDisposable
{
    private readonly DriveKeys _keys;
    private readonly List<CloudRecord> _records;
    private readonly DriveCredentials _credentials;
    private readonly string _stateDirectory;

    private DriveLogins(string stateDirectory, DriveKeys keys, List<CloudRecord> records, TimeProvider time)
    {
        _stateDirectory = stateDirectory;
        _keys = keys;
        _records = records;
        _credentials = new DriveCredentials(stateDirectory, new ObjectSealer(keys), time);
    }

    public IReadOnlyList<DriveLogin> Clouds => [.. _records.Select(record => new DriveLogin(record.Name, record.Address))];

    /// <exception cref="DriveException">No drive is there, or the secret does not open it.</exception>
    public static Task<DriveLogins> OpenAsync(string stateDirectory, Secret secret, DriveServices services, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(stateDirectory, () => Task.Run(() =>
        {
            var (_, keys) = HeaderObjects.Unlock([HeaderObjects.ReadLocal(stateDirectory)], secret);
            try
            {
                // SQLite lets a second process read beside the one that has the drive open.
                using var store = SqliteMetadataStore.Open(Path.Combine(stateDirectory, "metadata"), keys);
                var records = CloudRecord.ReadAll(store).Where(record => record.State != CloudMemberState.Removed).ToList();
                return new DriveLogins(stateDirectory, keys, records, services.Time);
            }
            catch
            {
                keys.Dispose();
                throw;
            }
        }, cancellationToken));

    /// <summary>The cloud of that name or address.</summary>
    /// <exception cref="DriveException"><see cref="DriveErrorKind.InvalidOption"/> when the drive has none.</exception>
    public DriveLogin Find(string nameOrAddress)
    {
        var record = FindRecord(nameOrAddress);
        return new DriveLogin(record.Name, record.Address);
    }

    /// <summary>Replaces a cloud's secrets; durable when this returns.</summary>
    public Task WriteAsync(DriveLogin cloud, CloudCredential credential, CancellationToken cancellationToken = default) =>
        DriveErrors.GuardAsync(_stateDirectory, () => _credentials.For(FindRecord(cloud.Name).Id).WriteAsync(credential, cancellationToken).AsTask());

    public void Dispose() => _keys.Dispose();

    private CloudRecord FindRecord(string nameOrAddress) =>
        _records.Find(record => record.Name == nameOrAddress) ??
        _records.Find(record => record.Address.TrimEnd('/') == nameOrAddress.TrimEnd('/')) ??
        throw new DriveException(DriveErrorKind.InvalidOption,
            $"The drive has no cloud '{nameOrAddress}'; it has: {string.Join(", ", _records.Select(record => $"'{record.Name}'"))}.");
}
