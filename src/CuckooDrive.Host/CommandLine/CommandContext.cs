using CuckooDrive.Host.State;

namespace CuckooDrive.Host.CommandLine;

/// <summary>What a command works with.</summary>
/// <param name="Terminal">Where it prints.</param>
/// <param name="Paths">Where state lies.</param>
/// <param name="Verbose">Whether details of failures and of the work are shown.</param>
/// <param name="Cancellation">Set by Ctrl-C and SIGTERM.</param>
internal sealed record CommandContext(Terminal Terminal, CuckooPaths Paths, bool Verbose, CancellationToken Cancellation);
