using System.Globalization;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;
using CuckooDrive.Core.Volume;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Where this machine keeps the secrets of a drive's clouds: in the state folder one file for each cloud, sealed with the
/// drive's key. They are never sent anywhere: each machine signs in by itself. docs/format.md, "The local store".
/// </summary>
internal sealed class DriveCredentials(string stateDirectory, ObjectSealer sealer, TimeProvider time)
{
    private const string FolderName = "credentials";

    /// <summary>The store of one cloud. Reads the file each time: another process may have renewed a token in it.</summary>
    public ICredentialStore For(ushort cloud) => new SealedCredentialStore(Path.Combine(stateDirectory, FolderName), cloud, sealer, time);
}

/// <summary>One cloud's sealed file. Thread safe, also against other processes.</summary>
internal sealed class SealedCredentialStore(string directory, ushort cloud, ObjectSealer sealer, TimeProvider time) : ICredentialStore
{
    private const byte Version = 1;
    private const string LockName = "lock";
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private string Name => string.Create(CultureInfo.InvariantCulture, $"credentials/{cloud:x4}");

    private string FilePath => Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{cloud:x4}"));

    /// <exception cref="CloudException"><see cref="CloudErrorKind.Unauthorized"/> when the file is damaged.</exception>
    public async ValueTask<CloudCredential?> ReadAsync(CancellationToken cancellationToken = default)
    {
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(FilePath, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        if (!sealer.TryOpen(KeyPurpose.Configuration, Name, bytes, out var plain, out var error))
            throw new CloudException(CloudErrorKind.Unauthorized, $"The login kept in {FilePath} {error.Describe()}.");
        return Decode(plain);
    }

    public async ValueTask WriteAsync(CloudCredential credential, CancellationToken cancellationToken = default)
    {
        PrivateFiles.CreateDirectory(directory);
        // A mounted drive and a command beside it may both renew a token; the file is replaced by one of them at a time.
        using var exclusive = await TakeLockAsync(cancellationToken).ConfigureAwait(false);
        PrivateFiles.Replace(FilePath, sealer.Seal(KeyPurpose.Configuration, Name, Encode(credential)));
    }

    private async Task<FileStream> TakeLockAsync(CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var path = Path.Combine(directory, LockName);
        for (var start = time.GetTimestamp(); ;)
        {
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException) when (File.Exists(path) && time.GetElapsedTime(start) < LockPatience)
            {
                await Task.Delay(LockPause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static ReadOnlySpan<byte> Encode(CloudCredential credential)
    {
        var writer = new RecordWriter().U8(Version).U16(checked((ushort)credential.Values.Count));
        foreach (var (name, value) in credential.Values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            Records.Texts(writer, name, value);
        return writer.Written;
    }

    private static CloudCredential Decode(byte[] plain)
    {
        var reader = new RecordReader(plain);
        Records.CheckVersion(reader.U8(), Version);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int left = reader.U16(); left > 0; left--)
        {
            var name = Records.Text(ref reader);
            values[name] = Records.Text(ref reader);
        }
        reader.End();
        return new CloudCredential(values);
    }
}

/// <summary>
/// The credential of a cloud whose place in the drive is not known yet: in memory until <see cref="SettleAsync"/>, then in
/// the drive's store, with whatever the provider has renewed meanwhile. Thread safe.
/// </summary>
internal sealed class UnsettledCredentialStore(CloudCredential? credential) : ICredentialStore
{
    private readonly Lock _gate = new();
    private CloudCredential? _credential = credential;
    private ICredentialStore? _settled;

    public ValueTask<CloudCredential?> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_settled is null)
                return new ValueTask<CloudCredential?>(_credential);
        }
        return _settled.ReadAsync(cancellationToken);
    }

    public ValueTask WriteAsync(CloudCredential credential, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _credential = credential;
            if (_settled is null)
                return ValueTask.CompletedTask;
        }
        return _settled.WriteAsync(credential, cancellationToken);
    }

    /// <summary>From now on the credential lies there, durably when this returns. Called once.</summary>
    public async Task SettleAsync(ICredentialStore store, CancellationToken cancellationToken)
    {
        while (true)
        {
            CloudCredential? current;
            lock (_gate)
                current = _credential;
            if (current is not null)
                await store.WriteAsync(current, cancellationToken).ConfigureAwait(false);
            lock (_gate)
            {
                // Renewed meanwhile: once more, with the new one.
                if (!ReferenceEquals(current, _credential))
                    continue;
                _settled = store;
                return;
            }
        }
    }
}
