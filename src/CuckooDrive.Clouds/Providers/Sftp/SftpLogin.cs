using System.Text;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>
/// How to prove who the user is: with the account's private key or password where it has one, else as ssh does, with the keys of
/// the agent and the user's usual key files.
/// </summary>
internal static class SftpLogin
{
    private static readonly string[] UsualKeys = ["id_ed25519", "id_ecdsa", "id_rsa"];

    public static async Task<AuthenticationMethod[]> MethodsAsync(
        SftpAddress address, ICredentialStore? store, CancellationToken cancellationToken)
    {
        var credential = store is null ? null : await store.ReadAsync(cancellationToken).ConfigureAwait(false);
        var methods = new List<AuthenticationMethod>();
        var keys = Keys(address, credential);
        if (keys.Count > 0)
            methods.Add(new PrivateKeyAuthenticationMethod(address.User, [.. keys]));
        if (credential?[CloudSecret.Password] is { } password)
        {
            methods.Add(new PasswordAuthenticationMethod(address.User, password));
            // Servers that ask by questions mean the password.
            var questions = new KeyboardInteractiveAuthenticationMethod(address.User);
            questions.AuthenticationPrompt += (_, arguments) =>
            {
                foreach (var prompt in arguments.Prompts)
                    prompt.Response = password;
            };
            methods.Add(questions);
        }
        return methods.Count > 0 ? [.. methods] : throw new CloudException(
            CloudErrorKind.Unauthorized,
            $"There is no key and no password for '{address.User}' at '{address.Host}'; sign in to this cloud, start an SSH agent, or make a key with ssh-keygen.");
    }

    private static List<IPrivateKeySource> Keys(SftpAddress address, CloudCredential? credential)
    {
        var passphrase = credential?[CloudSecret.PrivateKeyPassphrase];
        if (credential?[CloudSecret.PrivateKey] is { } text)
            return [Open("of this cloud", () => new MemoryStream(Encoding.UTF8.GetBytes(text)), passphrase)];
        if (address.KeyFile is { } file)
            return [Open($"'{file}'", () => File.OpenRead(file), passphrase)];
        if (credential?[CloudSecret.Password] is not null)
            return [];

        List<IPrivateKeySource> keys = [.. SshAgent.Keys()];
        var folder = Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");
        foreach (var path in UsualKeys.Select(name => Path.Join(folder, name)).Where(File.Exists))
        {
            try
            {
                keys.Add(Open($"'{path}'", () => File.OpenRead(path), passphrase));
            }
            catch (CloudException) when (keys.Count > 0)
            {
                // Sealed with a passphrase or of no known kind, as ssh would pass over it; others may do.
            }
        }
        return keys;
    }

    private static PrivateKeyFile Open(string what, Func<Stream> open, string? passphrase)
    {
        try
        {
            using var stream = open();
            return new PrivateKeyFile(stream, passphrase);
        }
        catch (SshPassPhraseNullOrEmptyException exception)
        {
            throw new CloudException(
                CloudErrorKind.Unauthorized, $"The private key {what} is sealed with a passphrase; sign in with it, or add the key to an SSH agent.", exception);
        }
        catch (Exception exception) when (exception is SshException or IOException or UnauthorizedAccessException or FormatException or
            ArgumentException or System.Security.Cryptography.CryptographicException or NotSupportedException or Org.BouncyCastle.Crypto.CryptoException)
        {
            throw new CloudException(
                CloudErrorKind.Unauthorized, $"The private key {what} cannot be read, or its passphrase is wrong.", exception);
        }
    }
}
