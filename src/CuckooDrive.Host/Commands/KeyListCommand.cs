using System.CommandLine;
using System.Globalization;
using CuckooDrive.Core.Drives;
using CuckooDrive.Format;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo key list: which passphrases and keys open a drive.</summary>
internal static class KeyListCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var json = CommonOptions.Json();
        var command = new Command("list", "List the passphrases and keys that open a drive, never the secrets themselves")
        {
            name, json,
        };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo key list photos");
        command.Run(async (result, context, cancellation) =>
        {
            var folders = context.Paths.ExistingDrive(result.GetValue(name)!);
            using var passphrase = Passphrases.ReadSecret(context, secrets.From(result), $"Passphrase of '{folders.Name}': ");
            using var loggers = CommandLoggers.Create(context);
            var (slots, silent) = await DriveKeySlots.ListAsync(folders.Volume, passphrase, Services.Create(loggers), cancellation);
            if (silent.Count > 0)
                context.Terminal.Note($"Not asked, since they do not answer: {string.Join(", ", silent.Select(cloud => $"'{cloud}'"))}. Keys that were changed on another machine may be missing here.");
            if (result.GetValue(json))
                OutputJson.Print(context.Terminal, new KeyListOutput(folders.Name, [.. slots.Select(KeyOutput.From)]), OutputJson.Default.KeyListOutput);
            else
                Print(context.Terminal, slots);
        });
        return command;
    }

    public static string NameOf(SecretKind kind) => kind switch
    {
        SecretKind.Passphrase => "passphrase",
        SecretKind.RecoveryKey => "recovery key",
        _ => "key file",
    };

    private static void Print(Terminal terminal, IReadOnlyList<KeySlotInfo> slots) =>
        terminal.Table(["Slot", "Kind", "Label"], slots.Select(slot => (IReadOnlyList<string>)
        [
            slot.Number.ToString(CultureInfo.InvariantCulture),
            NameOf(slot.Kind),
            slot.Label,
        ]));
}
