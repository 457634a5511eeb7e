using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Storage;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage get: an object becomes a local file.</summary>
internal static class StorageGetCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var name = StorageCommand.ObjectName();
        var file = new Argument<string>("FILE")
        {
            Description = "Where to put it: a file or an existing folder (default: the working folder, under the last part of its name)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var force = new Option<bool>("--force", "-f") { Description = "Replace a file that is there" };
        var command = new Command("get", "Fetch an object into a file; the file appears only when it is complete") { url, name, file, force };
        command.WithExamples(
            "cuckoo storage get file:///mnt/nas/backup letters/2026.tar",
            "cuckoo storage get file:///mnt/nas/backup film.bin /tmp/film.bin --force");
        command.RunWithStorage(url, name, async (call, cancellation) =>
        {
            var wanted = call.Result.GetValue(name)!;
            ObjectName.Check(wanted);
            var target = Target(call.Result.GetValue(file), wanted);
            var replace = call.Result.GetValue(force);
            if (!replace && File.Exists(target))
                throw new UserException($"The file '{target}' exists; give another name, or --force to replace it.");
            var found = await call.ExistingAsync(wanted, cancellation);
            await ProgressView.RunAsync(call.Terminal, $"Fetching '{found.Name}'", async view =>
            {
                void Report(long done) => view.Report("receiving", done, found.Length, Terminal.Size(found.Length));
                await using var content = new CountingStream(await call.Cloud.OpenReadAsync(found.Name, cancellationToken: cancellation), Report);
                await Download.SaveAsync(content, found.Length, target, replace, cancellation);
            });
            call.Terminal.Line($"Fetched '{found.Name}' ({Terminal.Size(found.Length)}) into {target}.");
            return ExitStatus.Success;
        });
        return command;
    }

    private static string Target(string? file, string name)
    {
        var last = name[(name.LastIndexOf('/') + 1)..];
        if (file is null)
            return Path.GetFullPath(last);
        return Path.GetFullPath(Directory.Exists(file) ? Path.Combine(file, last) : file);
    }
}
