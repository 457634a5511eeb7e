using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo key remove: a passphrase or key that shall no longer open a drive.</summary>
internal static class KeyRemoveCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var slot = new Argument<int>("SLOT") { Description = "Its number of eight digits in 'cuckoo key list'; it stays as other keys come and go, and is never another key's" };
        var command = new Command("remove", "Remove a passphrase or key; the last one cannot be removed") { name, slot };
        var secrets = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo key remove photos 48213907");
        command.Run(async (result, context, cancellation) =>
        {
            var folders = context.Paths.ExistingDrive(result.GetValue(name)!);
            var number = result.GetValue(slot);
            using var passphrase = Passphrases.ReadSecret(context, secrets.From(result), $"A passphrase of '{folders.Name}' that stays: ");
            using var loggers = CommandLoggers.Create(context);
            var removed = await DriveKeySlots.RemoveAsync(folders.Volume, passphrase, number, Services.Create(loggers), cancellation);
            var label = removed.Label.Length > 0 ? $" '{removed.Label}'" : "";
            context.Terminal.Line($"Removed slot {number} of '{folders.Name}', the {KeyListCommand.NameOf(removed.Kind)}{label}; the others keep their numbers.");
            context.Terminal.Line("Whoever kept a copy of a cloud's old header can still open it with the old secret.");
        });
        return command;
    }
}
