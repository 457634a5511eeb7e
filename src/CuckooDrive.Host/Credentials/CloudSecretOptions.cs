using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Credentials;

/// <summary>The options by which a command is given what signs in to clouds.</summary>
internal sealed class CloudSecretOptions
{
    private readonly Option<string?> _file = new("--secrets-file")
    {
        Description = $"Read the clouds' secrets from the lines name=value of this file (otherwise {SecretValues.VariablePrefix}NAME, otherwise a prompt)",
        HelpName = "FILE",
    };

    private readonly Option<bool> _noBrowser = new("--no-browser") { Description = "Sign in by copying a code, on a machine without a browser" };

    private CloudSecretOptions()
    {
    }

    /// <param name="command">Gets the options.</param>
    /// <param name="asks">Whether the command may sign in, or only takes what it is given.</param>
    public static CloudSecretOptions AddTo(Command command, bool asks = true)
    {
        var options = new CloudSecretOptions();
        command.Options.Add(options._file);
        if (asks)
            command.Options.Add(options._noBrowser);
        return options;
    }

    public CloudSignIn From(ParseResult result, CommandContext context) =>
        new(context, CloudRegistry.Default, SecretValues.Read(context, result.GetValue(_file)), !result.GetValue(_noBrowser));
}
