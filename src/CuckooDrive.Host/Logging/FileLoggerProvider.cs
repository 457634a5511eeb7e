using System.Globalization;
using System.Text;
using CuckooDrive.Host.State;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Logging;

/// <summary>
/// Appends to one log file, readable by its user only, and starts a new one when it has grown; keeps the two before.
/// Thread safe.
/// </summary>
internal sealed class FileLoggerProvider(string path, TimeProvider time, long maximumLength = 8 << 20) : ILoggerProvider
{
    private readonly Lock _lock = new();
    private FileStream? _file;
    private bool _disposed;

    public ILogger CreateLogger(string categoryName) => new FileLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _file?.Dispose();
            _file = null;
        }
    }

    private void Write(string category, LogLevel level, string message, Exception? exception)
    {
        var text = new StringBuilder()
            .Append(time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
            .Append(' ').Append(NameOf(level))
            .Append(' ').Append(category).Append(": ").Append(message);
        if (exception is not null)
            text.Append('\n').Append(exception);
        var bytes = Encoding.UTF8.GetBytes(text.Append('\n').ToString());
        lock (_lock)
        {
            if (!_disposed)
                Append(bytes);
        }
    }

    private void Append(byte[] bytes)
    {
        try
        {
            _file ??= Open();
            if (_file.Length + bytes.Length > maximumLength)
            {
                _file.Dispose();
                _file = null;
                Rotate();
                _file = Open();
            }
            _file.Write(bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full disk must not stop the drive: the line is lost, the next one tries again.
            _file?.Dispose();
            _file = null;
        }
    }

    private FileStream Open() => PrivateFiles.Open(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private void Rotate()
    {
        if (File.Exists(path + ".1"))
            File.Move(path + ".1", path + ".2", overwrite: true);
        File.Move(path, path + ".1", overwrite: true);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    private sealed class FileLogger(FileLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(category, logLevel, formatter(state, exception), exception);
    }
}
