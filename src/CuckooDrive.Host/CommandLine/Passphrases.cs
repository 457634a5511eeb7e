using System.Text;
using CuckooDrive.Format;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.CommandLine;

/// <summary>
/// Where a passphrase comes from: a file, the environment, or a prompt without echo. Never an argument, which every user
/// of the machine could see.
/// </summary>
internal static class Passphrases
{
    public const string Variable = "CUCKOO_PASSPHRASE";
    public const string NewVariable = "CUCKOO_NEW_PASSPHRASE";

    /// <summary>Not the usual one, to which all bytes that are no text look the same: so would different passphrases.</summary>
    public static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What opens an existing drive. The caller disposes it.</summary>
    public static SecretInput Read(CommandContext context, SecretSource source, string prompt) =>
        TryReadSilently(context, source) ?? Ask(context, prompt);

    /// <summary>As <see cref="Read"/>, opened already: for commands that need it in this process.</summary>
    public static Secret ReadSecret(CommandContext context, SecretSource source, string prompt)
    {
        using var input = Read(context, source, prompt);
        return input.Open();
    }

    /// <summary>What the file or the environment gives, or null when only a prompt could.</summary>
    public static SecretInput? TryReadSilently(CommandContext context, SecretSource source)
    {
        if (source is { PassphraseFile: not null, KeyFile: not null })
            throw UserException.Usage("Give only one of --passphrase-file and --key-file.");
        if (source.KeyFile is { } keyFile)
            return ReadKeyFile(context, keyFile);
        return source.PassphraseFile is { } file ? ReadLine(context, file) : FromEnvironment(Variable);
    }

    /// <summary>A passphrase that is being chosen: asked twice. The caller disposes it.</summary>
    public static Secret Choose(CommandContext context, string? file, string variable, string prompt)
    {
        using var chosen = (file is not null ? ReadLine(context, file) : FromEnvironment(variable)) ?? AskTwice(context, prompt);
        var secret = chosen.Open();
        if (secret.Kind == SecretKind.Passphrase)
            return secret;
        secret.Dispose();
        throw UserException.Usage("This is a recovery key; choose a passphrase of your own.");
    }

    private static SecretInput AskTwice(CommandContext context, string prompt)
    {
        var first = Ask(context, prompt);
        using var second = Ask(context, "The same again: ");
        if (first.HasSameText(second))
            return first;
        first.Dispose();
        throw UserException.Usage("The two passphrases differ; run the command again.");
    }

    private static SecretInput? FromEnvironment(string variable)
    {
        // What .NET puts in the place of bytes that are no text.
        const char Unreadable = '\uFFFD';
        var given = Environment.GetEnvironmentVariable(variable);
        if (given is null)
            return null;
        if (given.Contains(Unreadable, StringComparison.Ordinal))
            throw UserException.Usage($"{variable} is no UTF-8 text; put the passphrase into it as such, or give it in a file instead (--help shows the option).");
        return given.Length > 0
            ? SecretInput.FromText(given)
            : throw UserException.Usage($"{variable} is set but empty; put the passphrase into it or unset it.");
    }

    private static SecretInput ReadKeyFile(CommandContext context, string file)
    {
        const int Shortest = 16;
        var content = ReadFile(context, file);
        return content.Length >= Shortest
            ? SecretInput.FromKeyFile(content)
            : throw UserException.Usage($"'{file}' is not a key file: it has fewer than {Shortest} bytes; make one with: cuckoo key add NAME --new-key-file FILE");
    }

    private static SecretInput ReadLine(CommandContext context, string file)
    {
        var content = ReadFile(context, file);
        try
        {
            var end = content.AsSpan().IndexOfAny((byte)'\n', (byte)'\r');
            var line = end < 0 ? content : content.AsSpan(0, end);
            return line.IsEmpty
                ? throw UserException.Usage($"The first line of the passphrase file '{file}' is empty; write the passphrase there.")
                : SecretInput.FromText(StrictUtf8.GetString(line));
        }
        catch (DecoderFallbackException failure)
        {
            throw new UserException(
                $"The first line of the passphrase file '{file}' is no UTF-8 text; write the passphrase as such, or use the file as a key file.",
                ExitStatus.WrongUsage, failure);
        }
        finally
        {
            Array.Clear(content);
        }
    }

    private static byte[] ReadFile(CommandContext context, string file)
    {
        if (file.Length == 0)
            throw UserException.Usage("The name of the file with the passphrase or key is empty; give one.");
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[Secret.MaximumLength + 1];
            var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > Secret.MaximumLength)
                throw UserException.Usage($"The file '{file}' is larger than 64 KiB, so it holds no passphrase or key; check its name.");
            PrivateFiles.WarnAboutReaders(context.Terminal, file);
            return content[..length];
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserException($"The file '{file}' that should hold the passphrase or key does not exist; check its name.", ExitStatus.WrongUsage, failure);
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            throw new UserException($"The file '{file}' that should hold the passphrase or key cannot be read; check its owner and permissions.", ExitStatus.Failure, failure);
        }
    }

    private static SecretInput Ask(CommandContext context, string prompt)
    {
        if (!context.Terminal.CanAsk)
            throw UserException.Usage($"A passphrase is needed; give --passphrase-file FILE, set {Variable}, or run the command in a terminal.");
        var typed = HiddenInput.ReadLine(prompt, context.Cancellation);
        try
        {
            return typed.Length > 0
                ? SecretInput.FromText(typed)
                : throw UserException.Usage("The passphrase is empty; run the command again and type one.");
        }
        finally
        {
            Array.Clear(typed);
        }
    }
}
