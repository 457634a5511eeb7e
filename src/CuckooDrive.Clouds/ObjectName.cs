namespace CuckooDrive.Clouds;

/// <summary>
/// The names that every provider can hold: 1 to 255 characters, segments of <c>[a-z0-9._-]</c> joined by '/'. A segment does
/// not begin or end with a dot, and is no device name of Windows (<c>con</c>, <c>aux.txt</c>, <c>com1</c>), which OneDrive
/// and folders on Windows refuse.
/// </summary>
public static class ObjectName
{
    public const int MaximumLength = 255;

    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > MaximumLength)
            return false;
        foreach (var range in name.AsSpan().Split('/'))
        {
            var segment = name.AsSpan(range);
            if (segment.Length == 0 || segment[0] == '.' || segment[^1] == '.' ||
                segment.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789._-") || IsDevice(segment))
                return false;
        }
        return true;
    }

    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidName"/>.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name))
            throw new CloudException(CloudErrorKind.InvalidName, $"'{name}' is not a name that every cloud can hold.");
    }

    private static bool IsDevice(ReadOnlySpan<char> segment)
    {
        var dot = segment.IndexOf('.');
        var stem = dot < 0 ? segment : segment[..dot];
        return stem is "con" or "prn" or "aux" or "nul" ||
            (stem.Length == 4 && char.IsAsciiDigit(stem[3]) && stem[..3] is ("com" or "lpt"));
    }
}
