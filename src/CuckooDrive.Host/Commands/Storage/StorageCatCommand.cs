using System.CommandLine;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Linux;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage cat: an object, or a part of it, to standard output.</summary>
internal static class StorageCatCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var name = StorageCommand.ObjectName();
        var offset = new Option<long>("--offset") { Description = "Begin at this byte (default: 0)", HelpName = "BYTES" };
        var count = new Option<long?>("--count") { Description = "Print at most so many bytes (default: all)", HelpName = "BYTES" };
        var command = new Command("cat", "Print an object, or a part of it") { url, name, offset, count };
        command.WithExamples(
            "cuckoo storage cat file:///mnt/nas/backup notes/today.txt",
            "cuckoo storage cat file:///mnt/nas/backup film.bin --offset 1000000 --count 512 > part");
        command.RunWithStorage(url, name, async (call, cancellation) =>
        {
            var from = call.Result.GetValue(offset);
            var length = call.Result.GetValue(count);
            if (from < 0 || length < 0)
                throw UserException.Usage("--offset and --count are numbers of bytes, so they cannot be negative.");
            var found = await call.ExistingAsync(call.Result.GetValue(name)!, cancellation);
            await using var content = await call.Cloud.OpenReadAsync(found.Name, from, length, cancellation);
            await using var output = StandardStreams.OpenOutput();
            await content.CopyToAsync(output, cancellation);
            return ExitStatus.Success;
        });
        return command;
    }
}
