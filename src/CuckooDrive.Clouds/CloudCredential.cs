namespace CuckooDrive.Clouds;

/// <summary>
/// The secrets of one account by their names (see <see cref="CloudSecret"/>). Immutable and thread safe. Never shows a
/// value in <see cref="ToString"/>, so that a log cannot either.
/// </summary>
public sealed class CloudCredential
{
    private readonly Dictionary<string, string> _values;

    /// <summary>A copy of these values is kept.</summary>
    public CloudCredential(IEnumerable<KeyValuePair<string, string>> values) =>
        _values = new Dictionary<string, string>(values, StringComparer.Ordinal);

    public static CloudCredential Empty { get; } = new([]);

    /// <summary>All names and values: for whoever stores them.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>The secret of this name, or null.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>The same with one secret changed; null removes it.</summary>
    public CloudCredential With(string name, string? value)
    {
        var values = new Dictionary<string, string>(_values, StringComparer.Ordinal);
        if (value is null)
            values.Remove(name);
        else
            values[name] = value;
        return new CloudCredential(values);
    }

    public override string ToString() => _values.Count == 0 ? "no secrets" : $"secrets: {string.Join(", ", _values.Keys.Order(StringComparer.Ordinal))}";
}

/// <summary>The names under which credentials hold secrets. They are stored: never change one.</summary>
public static class CloudSecret
{
    /// <summary>The password that goes with the user of the address.</summary>
    public const string Password = "password";

    /// <summary>The id of an access key (S3) or the name of a storage account (Azure).</summary>
    public const string AccessKey = "access-key";

    /// <summary>The secret part of an access key.</summary>
    public const string SecretKey = "secret-key";

    /// <summary>A whole connection string or signed address, where a provider hands out one.</summary>
    public const string ConnectionString = "connection-string";

    /// <summary>The text of a private key file.</summary>
    public const string PrivateKey = "private-key";

    /// <summary>What unlocks the private key.</summary>
    public const string PrivateKeyPassphrase = "private-key-passphrase";

    /// <summary>The user's own OAuth client.</summary>
    public const string ClientId = "client-id";

    public const string ClientSecret = "client-secret";

    public const string AccessToken = "access-token";

    /// <summary>When the access token ends, in seconds since 1970 UTC, in decimal digits.</summary>
    public const string AccessTokenExpires = "access-token-expires";

    public const string RefreshToken = "refresh-token";
}

/// <summary>Where the credential of one account is kept. Thread safe.</summary>
public interface ICredentialStore
{
    /// <summary>The credential as last written, or null when there is none.</summary>
    ValueTask<CloudCredential?> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Replaces the credential. When it returns the new one is durable; a crash leaves the old or the new one, never a mix:
    /// a refresh token that works only once may depend on it.
    /// </summary>
    ValueTask WriteAsync(CloudCredential credential, CancellationToken cancellationToken = default);
}

/// <summary>Keeps a credential in memory only: for tests and for programs that have stores of their own. Thread safe.</summary>
public sealed class MemoryCredentialStore(CloudCredential? credential = null) : ICredentialStore
{
    private volatile CloudCredential? _credential = credential;

    public ValueTask<CloudCredential?> ReadAsync(CancellationToken cancellationToken = default) => new(_credential);

    public ValueTask WriteAsync(CloudCredential credential, CancellationToken cancellationToken = default)
    {
        _credential = credential;
        return ValueTask.CompletedTask;
    }
}
