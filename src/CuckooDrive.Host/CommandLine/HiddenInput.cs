using System.Buffers.Binary;
using System.Text;
using CuckooDrive.Host.Linux;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Host.CommandLine;

/// <summary>
/// Reads a line from the terminal without showing it. The echo is off before the prompt appears, so that not even a
/// pasted passphrase is seen; <see cref="Console.ReadKey()"/> switches it off only while it waits.
/// </summary>
internal static class HiddenInput
{
    private const int LongestLine = 4096;

    /// <summary>The line without its end; the caller clears it. Ctrl-C gives the terminal back and ends the program.</summary>
    public static char[] ReadLine(string prompt, CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            return ReadKeys(prompt);
        using var quiet = new QuietTerminal();
        using var interrupted = cancellation.Register(() =>
        {
            quiet.Dispose();
            Console.Error.WriteLine();
            Environment.Exit(ExitStatus.Failure);
        });
        Console.Error.Write(prompt);
        var line = new byte[LongestLine];
        try
        {
            // A terminal gives one line at a time, edited already. Not Console's own stream: that echoes by itself.
            using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
            var length = input.Read(line);
            Console.Error.WriteLine();
            return Passphrases.StrictUtf8.GetChars(line, 0, line.AsSpan(0, length).TrimEnd("\r\n"u8).Length);
        }
        catch (DecoderFallbackException failure)
        {
            throw new UserException(
                "What was typed is no UTF-8 text, so that another terminal could not give the same; set the terminal to UTF-8 and run the command again.",
                ExitStatus.WrongUsage, failure);
        }
        finally
        {
            Array.Clear(line);
        }
    }

    private static char[] ReadKeys(string prompt)
    {
        Console.Error.Write(prompt);
        var typed = new char[LongestLine];
        var length = 0;
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                length = Math.Max(0, length - 1);
            else if (!char.IsControl(key.KeyChar) && length < typed.Length)
                typed[length++] = key.KeyChar;
        }
        Console.Error.WriteLine();
        var line = typed[..length];
        Array.Clear(typed);
        return line;
    }

    /// <summary>The terminal of standard input with its echo off, until disposed.</summary>
    private sealed class QuietTerminal : IDisposable
    {
        private const uint Echo = 8;
        private readonly byte[] _before = new byte[128];
        private bool _restored;

        public QuietTerminal()
        {
            if (NativeMethods.GetTerminalAttributes(0, _before) != 0)
                throw UserException.Usage("The terminal's echo cannot be switched off; give the secret in a file instead (--help shows the option).");
            var quiet = (byte[])_before.Clone();
            // struct termios: four flags, the local ones last; words of 4 bytes on Linux, of 8 on macOS.
            var local = quiet.AsSpan(3 * (OperatingSystem.IsMacOS() ? 8 : 4));
            BinaryPrimitives.WriteUInt32LittleEndian(local, BinaryPrimitives.ReadUInt32LittleEndian(local) & ~Echo);
            _ = NativeMethods.SetTerminalAttributes(0, 0, quiet);
        }

        public void Dispose()
        {
            if (!_restored)
                _ = NativeMethods.SetTerminalAttributes(0, 0, _before);
            _restored = true;
        }
    }
}
