using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.Storage;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage put: a file, or standard input, becomes an object. Never replaces one.</summary>
internal static class StoragePutCommand
{
    private const string StandardInput = "-";

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = $"The file to store, or {StandardInput} for standard input" };
        var url = StorageCommand.Url();
        var name = StorageCommand.ObjectName("The new object's name, such as folder/name (default: the file's own name)");
        name.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("put", "Store a file as a new object; an object of that name is never replaced") { file, url, name };
        command.WithExamples(
            "cuckoo storage put film.bin file:///mnt/nas/backup",
            "tar c ~/letters | cuckoo storage put - file:///mnt/nas/backup letters/2026.tar");
        command.RunWithStorage(url, name, async (call, cancellation) =>
        {
            var source = call.Result.GetValue(file)!;
            var target = call.Result.GetValue(name) ?? DefaultName(source, call.Url);
            ObjectName.Check(target);
            using var input = source == StandardInput ? await SpooledInput.ReadAsync(StandardStreams.OpenInput(), cancellation) : null;
            var content = new MeasuredContent(input?.Path ?? CheckFile(source));
            await ProgressView.RunAsync(call.Terminal, $"Storing '{target}'", async view =>
            {
                content.Progress = done => view.Report("sending", done, content.Length, Terminal.Size(content.Length));
                await call.Cloud.WriteAsync(target, content, cancellation);
            });
            call.Terminal.Line($"Stored '{target}' ({Terminal.Size(content.Length)}) at {call.Url}.");
            return ExitStatus.Success;
        });
        return command;
    }

    private static string DefaultName(string source, string url)
    {
        if (source == StandardInput)
            throw UserException.Usage($"Standard input has no name; say how to call the object: cuckoo storage put - {url} NAME");
        var name = Path.GetFileName(source);
        return ObjectName.IsValid(name)
            ? name
            : throw UserException.Usage(
                $"'{name}' is not a name that every cloud can hold; give one of a-z 0-9 . _ - and / between folders: cuckoo storage put '{source}' {url} NAME");
    }

    private static string CheckFile(string path)
    {
        if (Directory.Exists(path))
            throw UserException.Usage($"'{path}' is a folder; give a file (tar makes one of a folder: tar c '{path}' | cuckoo storage put - URL NAME).");
        return File.Exists(path) ? path : throw UserException.Usage($"There is no file '{path}'; check its name.");
    }
}
