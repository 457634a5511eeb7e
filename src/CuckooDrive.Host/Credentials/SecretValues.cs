using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Credentials;

/// <summary>
/// Secrets that are given without being asked for: the lines <c>name=value</c> of a file, and the variables
/// CUCKOO_SECRET_NAME. Never arguments, which every user of the machine could see.
/// </summary>
/// <remarks>
/// In the file a line <c>[URL]</c> begins the secrets of the clouds whose addresses begin so; what stands before the first
/// such line, and the environment, is for any cloud. <c>name-file=PATH</c> takes the value from a file. Lines that begin with
/// '#' are remarks.
/// </remarks>
internal sealed class SecretValues
{
    public const string VariablePrefix = "CUCKOO_SECRET_";

    private readonly Dictionary<string, string> _general = new(StringComparer.Ordinal);
    private readonly List<(string Address, Dictionary<string, string> Values)> _sections = [];

    private SecretValues()
    {
    }

    /// <summary>The variable that gives the secret of a name: access-key, CUCKOO_SECRET_ACCESS_KEY.</summary>
    public static string VariableFor(string name) => VariablePrefix + name.ToUpperInvariant().Replace('-', '_');

    /// <param name="context">Warns when others can read the file.</param>
    /// <param name="file">Null for the environment alone.</param>
    public static SecretValues Read(CommandContext context, string? file)
    {
        var values = new SecretValues();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (name.StartsWith(VariablePrefix, StringComparison.Ordinal) && variable.Value is string { Length: > 0 } value)
                values._general[name[VariablePrefix.Length..].ToLowerInvariant().Replace('_', '-')] = value;
        }
        if (file is not null)
            values.AddFile(context, file);
        return values;
    }

    /// <summary>The secret of that name for a cloud; null when none is given.</summary>
    public string? Find(string address, string name)
    {
        foreach (var values in _sections.Where(section => Covers(section.Address, address)).OrderByDescending(section => section.Address.Length)
            .Select(section => section.Values).Append(_general))
        {
            if (values.TryGetValue(name, out var value))
                return value;
            if (values.TryGetValue(name + "-file", out var path))
                return ReadText(path, name);
        }
        return null;
    }

    /// <summary>Whether the secret is for this cloud by name, and not for any cloud that asks for one of that name.</summary>
    public bool IsMeantFor(string address, string name) => _sections.Any(section =>
        Covers(section.Address, address) && (section.Values.ContainsKey(name) || section.Values.ContainsKey(name + "-file")));

    /// <summary>The text of a file that a secret is, such as a private key. The end of a single line is no part of a password.</summary>
    public static string ReadText(string path, string name)
    {
        try
        {
            var text = File.ReadAllText(path);
            var line = text.TrimEnd('\r', '\n');
            return line.Contains('\n') ? text : line;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserException($"The file '{path}' that should hold the {name} cannot be read; check its name and permissions.", ExitStatus.WrongUsage, failure);
        }
    }

    private static bool Covers(string section, string address) => address.StartsWith(section, StringComparison.Ordinal) &&
        (address.Length == section.Length || section[^1] is '/' or ':' || address[section.Length] is '/' or '?' or ':');

    private void AddFile(CommandContext context, string file)
    {
        var current = _general;
        var number = 0;
        foreach (var line in ReadText(file, "secrets").Split('\n').Select(line => line.TrimEnd('\r')))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line[0] == '#')
                continue;
            if (line[0] == '[' && line.TrimEnd().EndsWith(']'))
            {
                current = new Dictionary<string, string>(StringComparer.Ordinal);
                _sections.Add((line.Trim()[1..^1].Trim(), current));
                continue;
            }
            var equals = line.IndexOf('=');
            if (equals <= 0)
                throw UserException.Usage($"Line {number} of '{file}' is not name=value (such as {CloudSecret.Password}=...), and not [URL]; correct it.");
            // The line is not repeated in a message: it may hold a secret.
            if (!current.TryAdd(line[..equals].Trim(), line[(equals + 1)..]))
                throw UserException.Usage($"Line {number} of '{file}' gives a secret a second time; remove one of the two.");
        }
        if (_sections.Exists(section => section.Address.Length == 0))
            throw UserException.Usage($"'{file}' has an empty [URL]; write the beginning of a cloud's address there.");
        PrivateFiles.WarnAboutReaders(context.Terminal, file);
    }
}
