using System.CommandLine;
using System.Globalization;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo key list: which passphrases and keys open a drive.</summary>
internal static class KeyListCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var json = CommonOptions.Json();
        var passphraseFile = CommonOptions.PassphraseFile();
        var command = new Command("list", "List the passphrases and keys that open a drive, never the secrets themselves")
        {
            name, json, passphraseFile,
        };
        command.WithExamples("cuckoo key list photos");
        command.Run(async (result, context, cancellation) =>
        {
            var folders = context.Paths.ExistingDrive(result.GetValue(name)!);
            using var passphrase = Passphrases.Read(context, result.GetValue(passphraseFile), $"Passphrase of '{folders.Name}': ");
            var slots = await DriveKeySlots.ListAsync(folders.Volume, passphrase, cancellation);
            if (result.GetValue(json))
                OutputJson.Print(context.Terminal, new KeyListOutput(folders.Name, slots), OutputJson.Default.KeyListOutput);
            else
                Print(context.Terminal, slots);
        });
        return command;
    }

    public static string NameOf(KeySlotKind kind) => kind switch
    {
        KeySlotKind.Passphrase => "passphrase",
        KeySlotKind.RecoveryKey => "recovery key",
        _ => "key file",
    };

    private static void Print(Terminal terminal, IReadOnlyList<KeySlotInfo> slots) =>
        terminal.Table(["Slot", "Kind", "Label", ""], slots.Select(slot => (IReadOnlyList<string>)
        [
            slot.Id.ToString(CultureInfo.InvariantCulture),
            NameOf(slot.Kind),
            slot.Label,
            slot.IsCurrent ? "(given now)" : "",
        ]));
}
