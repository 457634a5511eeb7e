using System.CommandLine;
using System.Runtime.InteropServices;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.CommandLine;

/// <summary>How every command runs: one place for signals, errors and exit statuses.</summary>
internal static class CommandExtensions
{
    /// <summary>
    /// Sets what the command does. A failure is printed as one sentence; SIGINT and SIGTERM cancel the token.
    /// </summary>
    public static void Run(this Command command, Func<ParseResult, CommandContext, CancellationToken, Task<int>> action) =>
        command.SetAction((result, _) => RunAsync(result, action));

    public static void Run(this Command command, Func<ParseResult, CommandContext, CancellationToken, Task> action) =>
        command.Run(async (result, context, cancellation) =>
        {
            await action(result, context, cancellation);
            return ExitStatus.Success;
        });

    private static async Task<int> RunAsync(ParseResult result, Func<ParseResult, CommandContext, CancellationToken, Task<int>> action)
    {
        var terminal = new Terminal();
        var verbose = result.GetValue(CommonOptions.Verbose);
        using var cancellation = new CancellationTokenSource();
        void Cancel(PosixSignalContext signal)
        {
            signal.Cancel = true;
            try
            {
                cancellation.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The command has ended at this moment, and its end does not wait for a handler under way: nothing is left to cancel.
            }
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        try
        {
            var context = new CommandContext(terminal, CuckooPaths.FromEnvironment(), verbose, cancellation.Token);
            return await action(result, context, cancellation.Token);
        }
        catch (Exception failure) // The root of the program: every failure ends here as one sentence.
        {
            return Report(terminal, failure, verbose);
        }
    }

    public static int Report(Terminal terminal, Exception failure, bool verbose)
    {
        var (sentence, status) = ErrorSentence.For(failure);
        terminal.Error(sentence);
        if (verbose)
            terminal.Note(failure.ToString());
        return status;
    }
}
