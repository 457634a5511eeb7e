using System.CommandLine;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Demo;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo demo: shows on this machine, with real files, that nothing is lost.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        // Hidden: a smaller folder makes a faster test of the demonstration itself.
        var source = new Option<string?>("--source") { Hidden = true };
        var command = new Command("demo", "Show in a temporary folder how a drive survives the loss of a cloud and of the machine") { source };
        command.WithExamples("cuckoo demo");
        command.Run(async (result, context, cancellation) =>
        {
            FileSystemMounter.CheckSupported();
            var tree = result.GetValue(source) is { } folder ? SourceTree.Measure(Path.GetFullPath(folder)) : SourceTree.FindSdk();
            CheckSpace(tree);
            await new DemoRun(context.Terminal, tree, cancellation).RunAsync();
        });
        return command;
    }

    /// <summary>The clouds with redundancy, what is staged on the way to them, and the new machine's copies.</summary>
    private static void CheckSpace(SourceTree tree)
    {
        var needed = 4 * tree.Bytes;
        var free = new DriveInfo(Path.GetTempPath()).AvailableFreeSpace;
        if (free < needed)
            throw new UserException($"The demonstration needs {Terminal.Size(needed)} in {Path.GetTempPath()} and only {Terminal.Size(free)} are free; set TMPDIR to a folder with more.");
    }
}
