namespace CuckooDrive.Clouds;

/// <summary>The names that every provider can hold: 1 to 255 characters, segments of <c>[a-z0-9._-]</c> joined by '/'.</summary>
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
                segment.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789._-"))
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
}
