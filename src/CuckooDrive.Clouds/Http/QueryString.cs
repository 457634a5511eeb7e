namespace CuckooDrive.Clouds.Http;

/// <summary>The part of an address after '?'.</summary>
internal static class QueryString
{
    public static string Format(IEnumerable<KeyValuePair<string, string>> values) => string.Join(
        '&', values.Select(each => $"{Uri.EscapeDataString(each.Key)}={Uri.EscapeDataString(each.Value)}"));

    /// <summary>Takes anything; of a name that is given twice the first counts.</summary>
    public static Dictionary<string, string> Parse(string query)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in query.Split('#')[0].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                values.TryAdd(Unescape(part[..equals]), Unescape(part[(equals + 1)..]));
        }
        return values;
    }

    private static string Unescape(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
