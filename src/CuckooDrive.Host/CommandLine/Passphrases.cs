using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Core.Drives;

namespace CuckooDrive.Host.CommandLine;

/// <summary>
/// Where a passphrase comes from: a file, the environment, or a prompt without echo. Never an argument, which every user
/// of the machine could see.
/// </summary>
internal static class Passphrases
{
    public const string Variable = "CUCKOO_PASSPHRASE";
    private const int MaximumFileLength = 64 * 1024;

    /// <summary>The passphrase of an existing drive. The caller disposes it.</summary>
    public static Secret Read(CommandContext context, string? file, string prompt) =>
        TryReadSilently(context, file) ?? Ask(context, prompt);

    /// <summary>A passphrase that is being chosen: asked twice. The caller disposes it.</summary>
    public static Secret Choose(CommandContext context, string? file, string prompt, string? variable = Variable)
    {
        if (TryReadSilently(context, file, variable) is { } given)
            return given;
        var first = Ask(context, prompt);
        using var second = Ask(context, "The same again: ");
        if (CryptographicOperations.FixedTimeEquals(first.Reveal(), second.Reveal()))
            return first;
        first.Dispose();
        throw UserException.Usage("The two passphrases differ; run the command again.");
    }

    /// <summary>The passphrase from the file or the environment, or null when only a prompt could give it.</summary>
    public static Secret? TryReadSilently(CommandContext context, string? file, string? variable = Variable)
    {
        if (file is not null)
            return ReadFile(context, file);
        var given = variable is null ? null : Environment.GetEnvironmentVariable(variable);
        if (given is null)
            return null;
        if (given.Length == 0)
            throw UserException.Usage($"{variable} is set but empty; put the passphrase into it or unset it.");
        return Secret.FromText(given);
    }

    private static Secret ReadFile(CommandContext context, string file)
    {
        byte[] bytes;
        try
        {
            var info = new FileInfo(file);
            if (info.Exists && info.Length > MaximumFileLength)
                throw UserException.Usage($"The passphrase file '{file}' is larger than 64 KiB; its first line should be the passphrase.");
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserException($"The passphrase file '{file}' does not exist; check --passphrase-file.", ExitStatus.WrongUsage, failure);
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            throw new UserException($"The passphrase file '{file}' cannot be read; check its owner and permissions.", ExitStatus.Failure, failure);
        }
        WarnAboutReaders(context, file);
        try
        {
            var line = bytes.AsSpan();
            var end = line.IndexOfAny((byte)'\n', (byte)'\r');
            if (end >= 0)
                line = line[..end];
            if (line.IsEmpty)
                throw UserException.Usage($"The first line of the passphrase file '{file}' is empty; write the passphrase there.");
            return Secret.FromText(Encoding.UTF8.GetString(line));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static void WarnAboutReaders(CommandContext context, string file)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        if (!OperatingSystem.IsWindows() && new FileInfo(file) is { Exists: true } info && (info.UnixFileMode & Others) != 0)
            context.Terminal.Note($"Warning: other users can read '{file}'; protect it with: chmod 600 '{file}'");
    }

    private static Secret Ask(CommandContext context, string prompt)
    {
        if (!context.Terminal.CanAsk)
            throw UserException.Usage($"A passphrase is needed; give --passphrase-file FILE, set {Variable}, or run the command in a terminal.");
        Console.Error.Write(prompt);
        var typed = new StringBuilder();
        try
        {
            ReadKeys(typed);
            if (typed.Length == 0)
                throw UserException.Usage("The passphrase is empty; run the command again and type one.");
            return Secret.FromText(typed.ToString());
        }
        finally
        {
            Console.Error.WriteLine();
            typed.Clear();
        }
    }

    private static void ReadKeys(StringBuilder typed)
    {
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
                return;
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }
    }
}
