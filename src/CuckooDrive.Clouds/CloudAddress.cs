namespace CuckooDrive.Clouds;

/// <summary>
/// The parts of a storage address: <c>scheme://user@host:port/path?option=value</c> or <c>scheme:path?option=value</c>.
/// Immutable. Holds no secret: an address with a password is refused.
/// </summary>
public sealed class CloudAddress
{
    private CloudAddress(string text, string scheme)
    {
        Text = text;
        Scheme = scheme;
    }

    /// <summary>The address as the user wrote it.</summary>
    public string Text { get; }

    /// <summary>What stands before the first colon, in lower case.</summary>
    public string Scheme { get; }

    /// <summary>The user before '@', or null.</summary>
    public string? User { get; private init; }

    /// <summary>The host (or bucket) after '//'; empty in <c>file:///path</c>, null where the address has no '//'.</summary>
    public string? Host { get; private init; }

    /// <summary>The port, or null where none was given.</summary>
    public int? Port { get; private init; }

    /// <summary>What follows the host, with its leading slash, percent-decoded.</summary>
    public string Path { get; private init; } = "";

    /// <summary>The options after '?', percent-decoded.</summary>
    public IReadOnlyDictionary<string, string> Options { get; private init; } = new Dictionary<string, string>();

    public override string ToString() => Text;

    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/> and a sentence for the user.</exception>
    public static CloudAddress Parse(string text)
    {
        var colon = text.IndexOf(':');
        if (colon <= 0 || !IsScheme(text.AsSpan(0, colon)) || LooksLikeWindowsPath(text, colon))
            throw NotAnAddress(text);
        if (text.Contains('\0'))
            throw Invalid("An address cannot contain a NUL character.");

        var rest = text[(colon + 1)..];
        var question = rest.IndexOf('?');
        var options = ParseOptions(question < 0 ? "" : rest[(question + 1)..]);
        if (question >= 0)
            rest = rest[..question];

        string? user = null, host = null;
        int? port = null;
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            var slash = rest.IndexOf('/', 2);
            var authority = slash < 0 ? rest[2..] : rest[2..slash];
            rest = slash < 0 ? "" : rest[slash..];
            (user, host, port) = ParseAuthority(authority);
        }

        return new CloudAddress(text, text[..colon].ToLowerInvariant())
        {
            User = user,
            Host = host,
            Port = port,
            Path = Uri.UnescapeDataString(rest),
            Options = options,
        };
    }

    /// <summary>Refuses options that the provider does not know, so that a misspelt one is not ignored.</summary>
    public void AllowOptions(params ReadOnlySpan<string> known)
    {
        foreach (var option in Options.Keys)
        {
            if (!known.Contains(option))
            {
                throw Invalid(known.Length == 0
                    ? $"'{Text}' has the option '{option}', but {Scheme} addresses have none."
                    : $"'{Text}' has the unknown option '{option}'; {Scheme} addresses have: {string.Join(", ", known.ToArray())}.");
            }
        }
    }

    /// <summary>The value of an option that is <c>true</c> or <c>false</c>; null where it is not given.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/> for any other value.</exception>
    public bool? Flag(string option) => Options.GetValueOrDefault(option) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        var value => throw Invalid($"'{value}' is no value for the option '{option}'; write {option}=true or {option}=false."),
    };

    internal static CloudException Invalid(string message) => new(CloudErrorKind.InvalidAddress, message);

    private static bool IsScheme(ReadOnlySpan<char> scheme) =>
        char.IsAsciiLetter(scheme[0]) &&
        !scheme.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    private static bool LooksLikeWindowsPath(string text, int colon) =>
        colon == 1 && (text.Length == 2 || text[2] is '\\' or '/');

    private static CloudException NotAnAddress(string text)
    {
        if (text.Length == 0)
            return Invalid("The address is empty; a folder is written as file:///path.");
        if (text[0] is '/' or '.' or '~' or '\\' || LooksLikeWindowsPath(text, text.IndexOf(':')))
            return Invalid($"'{text}' is a path, not an address; write a folder as file:///absolute/path.");
        return Invalid($"'{text}' is not an address; it must begin with a scheme, as in file:///path.");
    }

    private static (string? User, string Host, int? Port) ParseAuthority(string authority)
    {
        string? user = null;
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            // The message must not repeat the address: it would put the password into a log.
            if (authority.AsSpan(0, at).Contains(':'))
                throw Invalid("An address must not contain a password; leave it out, it is asked for separately.");
            user = Uri.UnescapeDataString(authority[..at]);
            authority = authority[(at + 1)..];
        }

        var colon = authority.LastIndexOf(':');
        if (colon < 0 || authority.EndsWith(']'))
            return (user, authority, null);
        if (!ushort.TryParse(authority.AsSpan(colon + 1), out var port) || port == 0)
            throw Invalid($"'{authority[(colon + 1)..]}' is not a port number.");
        return (user, authority[..colon], port);
    }

    private static Dictionary<string, string> ParseOptions(string query)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=');
            if (equals <= 0)
                throw Invalid($"'{part}' is not an option; write it as name=value.");
            if (!options.TryAdd(Uri.UnescapeDataString(part[..equals]), Uri.UnescapeDataString(part[(equals + 1)..])))
                throw Invalid($"The option '{part[..equals]}' is given twice.");
        }
        return options;
    }
}
