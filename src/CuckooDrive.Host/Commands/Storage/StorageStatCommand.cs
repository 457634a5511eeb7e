using System.CommandLine;
using System.Globalization;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage stat: what the provider says of one object.</summary>
internal static class StorageStatCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var name = StorageCommand.ObjectName();
        var json = CommonOptions.Json();
        var command = new Command("stat", "Show size, time and hash of an object") { url, name, json };
        command.WithExamples("cuckoo storage stat file:///mnt/nas/backup letters/2026.tar");
        command.RunWithStorage(url, name, async (call, cancellation) =>
        {
            var found = await call.ExistingAsync(call.Result.GetValue(name)!, cancellation);
            var kind = call.Cloud.Capabilities.Hash;
            if (call.Result.GetValue(json))
            {
                OutputJson.Print(call.Terminal, StorageObjectOutput.From(found, kind), OutputJson.Default.StorageObjectOutput);
                return ExitStatus.Success;
            }
            call.Terminal.Line($"Name:      {found.Name}");
            call.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Size:      {found.Length:N0} bytes ({Terminal.Size(found.Length)})"));
            call.Terminal.Line($"Modified:  {StorageListCommand.Time(found.Modified)}");
            call.Terminal.Line($"Hash:      {(found.Hash is null ? "-" : $"{StorageCapabilitiesOutput.NameOf(kind)} {found.Hash}")}");
            return ExitStatus.Success;
        });
        return command;
    }
}
