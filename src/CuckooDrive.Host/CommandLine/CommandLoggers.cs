using CuckooDrive.Host.Logging;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.CommandLine;

/// <summary>The log of a short command: what failed is printed anyway, so only --verbose shows more.</summary>
internal static class CommandLoggers
{
    public static ILoggerFactory Create(CommandContext context) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(context.Verbose ? LogLevel.Debug : LogLevel.Error);
        if (context.Verbose)
            builder.AddProvider(new ConsoleErrorLoggerProvider());
    });
}
