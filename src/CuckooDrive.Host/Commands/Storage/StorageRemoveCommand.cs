using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage rm: removes objects.</summary>
internal static class StorageRemoveCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var names = new Argument<string[]>("NAME") { Description = "The objects' names below the address", Arity = ArgumentArity.OneOrMore };
        var command = new Command("rm", "Remove objects; one that is not there is no failure") { url, names };
        command.WithExamples("cuckoo storage rm file:///mnt/nas/backup letters/2025.tar letters/2024.tar");
        command.RunWithStorage(url, null, async (call, cancellation) =>
        {
            var wanted = call.Result.GetValue(names)!;
            foreach (var name in wanted)
                ObjectName.Check(name);
            foreach (var name in wanted)
            {
                var there = await call.Cloud.StatAsync(name, cancellation) is not null;
                await call.Cloud.DeleteAsync(name, cancellation);
                call.Terminal.Line(there ? $"Removed '{name}'." : $"There was no object '{name}'.");
            }
            return ExitStatus.Success;
        });
        return command;
    }
}
