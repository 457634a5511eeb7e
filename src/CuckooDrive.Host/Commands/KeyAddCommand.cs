using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Output;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo key add: one more way to open a drive.</summary>
internal static class KeyAddCommand
{
    private const string NewPassphraseVariable = "CUCKOO_NEW_PASSPHRASE";

    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var label = new Option<string>("--label")
        {
            Description = "What to call it in lists; the clouds can read it",
            HelpName = "TEXT",
            DefaultValueFactory = _ => "",
        };
        var recovery = new Option<bool>("--recovery-key") { Description = "Make a random key to print and keep; it is shown once" };
        var keyFile = new Option<string?>("--key-file") { Description = "Make a random key in a new file, which then serves as --passphrase-file", HelpName = "FILE" };
        var newFile = new Option<string?>("--new-passphrase-file")
        {
            Description = $"Read the new passphrase from the first line of this file (otherwise {NewPassphraseVariable}, otherwise a prompt)",
            HelpName = "FILE",
        };
        var json = CommonOptions.Json();
        var passphraseFile = CommonOptions.PassphraseFile();
        var command = new Command("add", "Add a passphrase, a printable recovery key or a key file that opens the drive")
        {
            name, label, recovery, keyFile, newFile, json, passphraseFile,
        };
        command.WithExamples(
            "cuckoo key add photos",
            "cuckoo key add photos --recovery-key --label safe",
            "cuckoo key add photos --key-file /media/stick/photos.key");
        command.Run((result, context, cancellation) => RunAsync(
            context,
            result.GetValue(name)!,
            new Choice(result.GetValue(recovery), result.GetValue(keyFile), result.GetValue(newFile), result.GetValue(label)!),
            result.GetValue(passphraseFile),
            result.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, string name, Choice choice, string? passphraseFile, bool json, CancellationToken cancellation)
    {
        choice.Check();
        var folders = context.Paths.ExistingDrive(name);
        using var current = Passphrases.Read(context, passphraseFile, $"Passphrase of '{name}': ");
        var printable = choice.IsRandom ? RecoveryKey.Create() : null;
        using var added = printable is not null
            ? Secret.FromText(printable)
            : Passphrases.Choose(context, choice.NewPassphraseFile, "New passphrase: ", NewPassphraseVariable);
        if (choice.KeyFile is { } file)
            WriteKeyFile(file, printable!);
        KeySlotInfo slot;
        try
        {
            using var loggers = CommandLoggers.Create(context);
            slot = await DriveKeySlots.AddAsync(
                folders.Volume, current, added, choice.Kind, choice.Label, TestSettings.PassphraseCost, Services.Create(loggers), cancellation);
        }
        catch when (choice.KeyFile is not null)
        {
            File.Delete(choice.KeyFile); // It opens nothing.
            throw;
        }
        Print(context.Terminal, new KeyAddOutput(name, slot, choice.RecoveryKey ? printable : null), choice, json);
    }

    private static void Print(Terminal terminal, KeyAddOutput output, Choice choice, bool json)
    {
        if (json)
        {
            OutputJson.Print(terminal, output, OutputJson.Default.KeyAddOutput);
            return;
        }
        terminal.Line($"Added a {KeyListCommand.NameOf(output.Added.Kind)} in slot {output.Added.Id} of '{output.Name}'.");
        if (output.RecoveryKey is not null)
        {
            terminal.Line("Print this key and keep it where only you find it; it is not shown again, and opens the drive like a passphrase:");
            terminal.Line();
            terminal.Line($"    {output.RecoveryKey}");
        }
        else if (choice.KeyFile is not null)
        {
            terminal.Line($"Use it with: --passphrase-file '{choice.KeyFile}'");
        }
    }

    private static void WriteKeyFile(string path, string key)
    {
        try
        {
            using var file = PrivateFiles.Open(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            file.Write(System.Text.Encoding.ASCII.GetBytes(key + "\n"));
            file.Flush(flushToDisk: true);
        }
        catch (IOException failure) when (File.Exists(path))
        {
            throw new UserException($"The file '{path}' exists already; give a new file for the key.", ExitStatus.Failure, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The key file '{path}' cannot be written; check its folder.", ExitStatus.Failure, failure);
        }
    }

    private sealed record Choice(bool RecoveryKey, string? KeyFile, string? NewPassphraseFile, string Label)
    {
        public bool IsRandom => RecoveryKey || KeyFile is not null;

        public KeySlotKind Kind => RecoveryKey ? KeySlotKind.RecoveryKey : KeyFile is not null ? KeySlotKind.KeyFile : KeySlotKind.Passphrase;

        public void Check()
        {
            if ((RecoveryKey ? 1 : 0) + (KeyFile is null ? 0 : 1) + (NewPassphraseFile is null ? 0 : 1) > 1)
                throw UserException.Usage("Give only one of --recovery-key, --key-file and --new-passphrase-file.");
        }
    }
}
