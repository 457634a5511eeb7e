using System.CommandLine;
using System.Security.Cryptography;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Output;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo key add: one more way to open a drive.</summary>
internal static class KeyAddCommand
{
    private const int KeyFileLength = 32;

    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var label = new Option<string>("--label")
        {
            Description = "What to call it in lists; encrypted, the clouds do not see it",
            HelpName = "TEXT",
            DefaultValueFactory = _ => "",
        };
        var recovery = new Option<bool>("--recovery-key") { Description = "Make a random key to print and keep; it is shown once" };
        var newKeyFile = new Option<string?>("--new-key-file") { Description = "Make a random key in this new file, to be used with --key-file", HelpName = "FILE" };
        var newFile = new Option<string?>("--new-passphrase-file")
        {
            Description = $"Read the new passphrase from the first line of this file (otherwise {Passphrases.NewVariable}, otherwise a prompt)",
            HelpName = "FILE",
        };
        var json = CommonOptions.Json();
        var command = new Command("add", "Add a passphrase, a printable recovery key or a key file that opens the drive")
        {
            name, label, recovery, newKeyFile, newFile, json,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples(
            "cuckoo key add photos",
            "cuckoo key add photos --recovery-key --label safe",
            "cuckoo key add photos --new-key-file /media/stick/photos.key");
        command.Run((result, context, cancellation) => RunAsync(
            context,
            result.GetValue(name)!,
            new Choice(result.GetValue(recovery), result.GetValue(newKeyFile), result.GetValue(newFile), result.GetValue(label)!),
            secrets.From(result),
            result.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, string name, Choice choice, SecretSource secrets, bool json, CancellationToken cancellation)
    {
        choice.Check();
        var folders = context.Paths.ExistingDrive(name);
        using var current = Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        string? printable = null;
        using var added =
            choice.RecoveryKey ? Secret.NewRecoveryKey(out printable)
            : choice.KeyFile is not null ? MakeKeyFile(choice.KeyFile)
            : Passphrases.Choose(context, choice.NewPassphraseFile, Passphrases.NewVariable, "New passphrase: ");
        KeySlotInfo slot;
        try
        {
            using var loggers = CommandLoggers.Create(context);
            slot = await DriveKeySlots.AddAsync(
                folders.Volume, current, added, choice.Label, Services.Create(loggers), TestSettings.PassphraseCost, cancellation);
        }
        catch when (choice.KeyFile is not null)
        {
            File.Delete(choice.KeyFile); // It opens nothing.
            throw;
        }
        Print(context.Terminal, new KeyAddOutput(name, KeyOutput.From(slot), printable), choice, json);
    }

    private static void Print(Terminal terminal, KeyAddOutput output, Choice choice, bool json)
    {
        if (json)
        {
            OutputJson.Print(terminal, output, OutputJson.Default.KeyAddOutput);
            return;
        }
        terminal.Line($"Added a {KeyListCommand.NameOf(output.Added.Kind)} to '{output.Name}', in slot {output.Added.Slot}.");
        if (output.RecoveryKey is not null)
        {
            terminal.Line("Print this key and keep it where only you find it; it is not shown again, and opens the drive like a passphrase:");
            terminal.Line();
            terminal.Line($"    {output.RecoveryKey}");
        }
        else if (choice.KeyFile is not null)
        {
            terminal.Line($"Use it with: --key-file '{choice.KeyFile}'");
        }
    }

    /// <summary>Writes a new key durably before any cloud is told of it.</summary>
    private static Secret MakeKeyFile(string path)
    {
        var key = RandomNumberGenerator.GetBytes(KeyFileLength);
        try
        {
            using var file = PrivateFiles.Open(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            file.Write(key);
            PrivateFiles.Sync(file);
            return Secret.FromKeyFile(key);
        }
        catch (IOException failure) when (File.Exists(path))
        {
            throw new UserException($"The file '{path}' exists already; give a new file for the key.", ExitStatus.Failure, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The key file '{path}' cannot be written; check its folder.", ExitStatus.Failure, failure);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private sealed record Choice(bool RecoveryKey, string? KeyFile, string? NewPassphraseFile, string Label)
    {
        public void Check()
        {
            if (KeyFile is { Length: 0 })
                throw UserException.Usage("The name of the new key file is empty; give one.");
            if ((RecoveryKey ? 1 : 0) + (KeyFile is null ? 0 : 1) + (NewPassphraseFile is null ? 0 : 1) > 1)
                throw UserException.Usage("Give only one of --recovery-key, --new-key-file and --new-passphrase-file.");
        }
    }
}
