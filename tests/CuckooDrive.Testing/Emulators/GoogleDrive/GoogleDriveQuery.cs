using System.Globalization;
using System.Text;

namespace CuckooDrive.Testing.Emulators.GoogleDrive;

/// <summary>
/// The search language of files.list: terms with and, or, not and brackets
/// (https://developers.google.com/workspace/drive/api/guides/ref-search-terms). Throws FormatException for what is no query.
/// </summary>
internal sealed class GoogleDriveQuery
{
    private readonly List<string> _tokens = [];
    private readonly List<string> _parents = [];
    private int _next;

    private GoogleDriveQuery(string text) => Tokenize(text);

    /// <param name="text">Empty for everything.</param>
    /// <param name="rootId">What "root" stands for.</param>
    /// <param name="isTrashed">Whether an item, or a folder above it, is in the trash.</param>
    /// <returns>What matches, and the folders that are asked about.</returns>
    public static (Func<GoogleDriveItem, bool> Matches, IReadOnlyList<string> Parents) Parse(
        string? text, string rootId, Func<GoogleDriveItem, bool> isTrashed)
    {
        if (string.IsNullOrWhiteSpace(text))
            return (_ => true, []);
        var query = new GoogleDriveQuery(text);
        var result = query.Or(rootId, isTrashed);
        return query._next == query._tokens.Count ? (result, query._parents) : throw new FormatException();
    }

    private Func<GoogleDriveItem, bool> Or(string rootId, Func<GoogleDriveItem, bool> isTrashed)
    {
        var left = And(rootId, isTrashed);
        while (Take("or"))
        {
            var (first, second) = (left, And(rootId, isTrashed));
            left = item => first(item) || second(item);
        }
        return left;
    }

    private Func<GoogleDriveItem, bool> And(string rootId, Func<GoogleDriveItem, bool> isTrashed)
    {
        var left = Not(rootId, isTrashed);
        while (Take("and"))
        {
            var (first, second) = (left, Not(rootId, isTrashed));
            left = item => first(item) && second(item);
        }
        return left;
    }

    private Func<GoogleDriveItem, bool> Not(string rootId, Func<GoogleDriveItem, bool> isTrashed)
    {
        if (Take("not"))
        {
            var inner = Not(rootId, isTrashed);
            return item => !inner(item);
        }
        if (Take("("))
        {
            var inner = Or(rootId, isTrashed);
            return Take(")") ? inner : throw new FormatException();
        }
        return Term(rootId, isTrashed);
    }

    private Func<GoogleDriveItem, bool> Term(string rootId, Func<GoogleDriveItem, bool> isTrashed)
    {
        var first = Next();
        var sign = Next();
        var value = Next();
        switch (first, sign)
        {
            case (_, "in") when value == "parents":
                var parent = Unquote(first) is "root" ? rootId : Unquote(first);
                _parents.Add(parent);
                return item => item.Parent == parent;
            case ("trashed", "=" or "!="):
                var wanted = bool.Parse(value) == (sign == "=");
                return item => isTrashed(item) == wanted;
            case ("name" or "mimeType", "=" or "!="):
                var text = Unquote(value);
                // The real one does not tell cases apart either.
                return item => string.Equals(first == "name" ? item.Name : item.MimeType, text, StringComparison.OrdinalIgnoreCase) == (sign == "=");
            case ("name", "contains"):
                var part = Unquote(value);
                return item => item.Name.StartsWith(part, StringComparison.OrdinalIgnoreCase);
            case ("modifiedTime", ">" or ">=" or "<" or "<="):
                var time = DateTimeOffset.Parse(Unquote(value), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
                return item => sign[0] == '>' ? item.Modified >= time : item.Modified <= time;
            default:
                throw new FormatException();
        }
    }

    private bool Take(string token)
    {
        if (_next >= _tokens.Count || !_tokens[_next].Equals(token, StringComparison.OrdinalIgnoreCase))
            return false;
        _next++;
        return true;
    }

    private string Next() => _next < _tokens.Count ? _tokens[_next++] : throw new FormatException();

    private static string Unquote(string token) => token[0] == '\'' ? token[1..] : throw new FormatException();

    // A text keeps its first quote, so that it is not taken for a word.
    private void Tokenize(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
                at++;
            else if (text[at] == '\'')
                _tokens.Add(ReadText(text, ref at));
            else if (text[at] is '(' or ')')
                _tokens.Add(text[at++].ToString());
            else
                _tokens.Add(ReadWord(text, ref at, char.IsLetterOrDigit(text[at]) ? char.IsLetterOrDigit : static letter => "=!<>".Contains(letter, StringComparison.Ordinal)));
        }
    }

    private static string ReadWord(string text, ref int at, Func<char, bool> belongs)
    {
        var start = at;
        while (at < text.Length && belongs(text[at]))
            at++;
        return at > start ? text[start..at] : throw new FormatException();
    }

    private static string ReadText(string text, ref int at)
    {
        var value = new StringBuilder("'");
        for (at++; at < text.Length && text[at] != '\''; at++)
        {
            if (text[at] == '\\')
                at++;
            value.Append(at < text.Length ? text[at] : throw new FormatException());
        }
        if (at++ >= text.Length)
            throw new FormatException();
        return value.ToString();
    }
}
