using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Logging;

/// <summary>Shows the log on standard error: for --verbose.</summary>
internal sealed class ConsoleErrorLoggerProvider : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new ErrorLogger(categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private sealed class ErrorLogger(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var details = exception is null ? "" : Environment.NewLine + exception;
            try
            {
                Console.Error.WriteLine($"[{logLevel}] {category}: {formatter(state, exception)}{details}");
            }
            catch (IOException)
            {
                // A full disk behind it must not stop the drive: thrown from here it would end whatever loop wanted to log.
            }
        }
    }
}
