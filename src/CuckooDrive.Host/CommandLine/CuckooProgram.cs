using System.CommandLine;
using CuckooDrive.Host.Commands;
using CuckooDrive.Host.Commands.Storage;

namespace CuckooDrive.Host.CommandLine;

/// <summary>The command tree, and how a command line becomes an exit status.</summary>
internal static class CuckooProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        try
        {
            return await ParseAndRunAsync(arguments);
        }
        catch (IOException failure) // Help or a wrong command line could not be printed: the disk behind the output is full.
        {
            return CommandExtensions.Report(new Terminal(), failure, verbose: false);
        }
    }

    private static async Task<int> ParseAndRunAsync(string[] arguments)
    {
        var root = CreateRoot();
        if (arguments.Length == 0)
        {
            await root.Parse(["--help"]).InvokeAsync(new InvocationConfiguration { Output = Console.Error });
            return ExitStatus.WrongUsage;
        }
        if (FstabArguments.IsMountCall(arguments, root))
            arguments = [FstabMountCommand.CommandName, .. arguments];
        var result = root.Parse(arguments, new ParserConfiguration
        {
            // Paths may begin with '@', and options of one letter are never joined.
            ResponseFileTokenReplacer = null,
            EnablePosixBundling = false,
        });
        if (result.Errors.Count > 0)
            return ReportUsage(result);
        return await result.InvokeAsync(new InvocationConfiguration
        {
            // A mount closes in its own time; each command reports its failures itself.
            ProcessTerminationTimeout = null,
            EnableDefaultExceptionHandler = false,
        });
    }

    public static RootCommand CreateRoot()
    {
        var root = new RootCommand(
            "One private, encrypted, redundant disk made of several clouds.")
        {
            CommonOptions.Verbose,
            CreateCommand.Create(),
            AttachCommand.Create(),
            MountCommand.Create(),
            UnmountCommand.Create(),
            StatusCommand.Create(),
            FlushCommand.Create(),
            CloudCommand.Create(),
            KeyCommand.Create(),
            StorageCommand.Create(),
            DoctorCommand.Create(),
            DemoCommand.Create(),
            FstabMountCommand.Create(),
        };
        root.WithExamples(
            "cuckoo create photos --cloud file:///mnt/nas/cuckoo --cloud file:///media/usb/cuckoo --survive 1",
            "cuckoo mount photos ~/photos",
            "cuckoo unmount ~/photos");
        HelpWithExamples.Install(root);
        return root;
    }

    private static int ReportUsage(ParseResult result)
    {
        new Terminal().Error(UsageError.Describe(result));
        return ExitStatus.WrongUsage;
    }
}
