using System.CommandLine;

namespace CuckooDrive.Host.CommandLine;

/// <summary>The options by which a command is given what opens a drive.</summary>
internal sealed class SecretOptions
{
    private readonly Option<string?> _passphraseFile = CommonOptions.PassphraseFile();
    private readonly Option<string?> _keyFile = new("--key-file")
    {
        Description = "Open the drive with this key file instead of a passphrase",
        HelpName = "FILE",
    };

    private SecretOptions()
    {
    }

    public static SecretOptions AddTo(Command command)
    {
        var options = new SecretOptions();
        command.Options.Add(options._passphraseFile);
        command.Options.Add(options._keyFile);
        return options;
    }

    public SecretSource From(ParseResult result) => new(result.GetValue(_passphraseFile), result.GetValue(_keyFile));
}

/// <summary>Where the secret comes from when it is not asked for; both null: the environment or a prompt.</summary>
internal sealed record SecretSource(string? PassphraseFile, string? KeyFile)
{
    public static SecretSource None { get; } = new(null, null);
}
