using System.CommandLine;
using System.Globalization;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage ls: what lies in a storage.</summary>
internal static class StorageListCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var prefix = new Argument<string>("PREFIX")
        {
            Description = "Only objects whose names begin with this (default: all)",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => "",
        };
        var detailed = new Option<bool>("--long", "-l") { Description = "Also show size, time and the provider's hash" };
        var json = CommonOptions.Json();
        var command = new Command("ls", "List the objects of a storage, folders and all") { url, prefix, detailed, json };
        command.WithExamples(
            "cuckoo storage ls file:///mnt/nas/cuckoo",
            "cuckoo storage ls file:///mnt/nas/cuckoo shard/ --long");
        command.RunWithStorage(url, null, async (call, cancellation) =>
        {
            var objects = new List<CloudObject>();
            await foreach (var each in call.Cloud.ListAsync(call.Result.GetValue(prefix)!, cancellation))
                objects.Add(each);
            objects.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
            if (call.Result.GetValue(json))
                OutputJson.Print(call.Terminal, StorageListOutput.From(call.Url, objects), OutputJson.Default.StorageListOutput);
            else
                Print(call.Terminal, objects, call.Result.GetValue(detailed));
            return ExitStatus.Success;
        });
        return command;
    }

    /// <summary>One line for each object, the name last: fit for other programs too.</summary>
    private static void Print(Terminal terminal, List<CloudObject> objects, bool detailed)
    {
        foreach (var each in objects)
        {
            terminal.Line(detailed
                ? string.Create(CultureInfo.InvariantCulture, $"{each.Length,15:N0}  {Time(each.Modified),-19}  {each.Hash ?? "-"}  {each.Name}")
                : each.Name);
        }
        if (detailed)
            terminal.Note($"{Plural.Of(objects.Count, "object")}, {Terminal.Size(objects.Sum(each => each.Length))}");
    }

    public static string Time(DateTimeOffset? time) =>
        time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "-";
}
