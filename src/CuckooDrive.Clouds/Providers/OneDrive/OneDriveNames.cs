namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>
/// Names and paths as OneDrive takes them. What it refuses (https://support.microsoft.com/office/64883a5d-228e-48f5-b3d2-eb39e07630fa)
/// our object names mostly cannot be; what is left is marked with '=', which no object name has.
/// </summary>
internal static class OneDriveNames
{
    /// <summary>SharePoint takes 400 for the whole path: this leaves room for an object's name and the folders above the app's.</summary>
    private const int LongestRoot = 80;

    private const char Mark = '=';

    /// <summary>An object's name as a path below the root: escaped for a URL, with a leading slash.</summary>
    public static string Escape(string name) =>
        name.Length == 0 ? "" : "/" + string.Join('/', name.Split('/').Select(segment => Uri.EscapeDataString(Encode(segment))));

    /// <summary>A segment of an object's name as OneDrive takes it.</summary>
    public static string Encode(string segment)
    {
        // "_vti_" is refused anywhere in a name; two of them may share an underscore.
        while (segment.Contains("_vti_", StringComparison.Ordinal))
            segment = segment.Replace("_vti_", $"_{Mark}vti_", StringComparison.Ordinal);
        return segment is "desktop.ini" or "forms" ? Mark + segment : segment;
    }

    /// <summary>The segment that is encoded so, or null when none is: a file of somebody else.</summary>
    public static string? Decode(string encoded)
    {
        var segment = encoded.Replace(Mark.ToString(), "", StringComparison.Ordinal);
        return Encode(segment) == encoded ? segment : null;
    }

    /// <summary>The folders of an address, outermost first.</summary>
    /// <exception cref="CloudException">with <see cref="CloudErrorKind.InvalidAddress"/>.</exception>
    public static IReadOnlyList<string> ParseRoot(CloudAddress address)
    {
        var segments = address.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var segment in segments)
        {
            if (segment[0] is '~' or ' ' || segment[^1] is '.' or ' ' || segment.AsSpan().ContainsAny("\"*:<>?\\|#%") ||
                segment.Any(char.IsControl) || segment.Contains("_vti_", StringComparison.OrdinalIgnoreCase) || segment is "." or "..")
                throw CloudAddress.Invalid($"OneDrive takes no folder named '{segment}'; choose another one for '{address}'.");
        }
        if (string.Join('/', segments).Length > LongestRoot)
            throw CloudAddress.Invalid($"The path of '{address}' is longer than {LongestRoot} characters; OneDrive limits whole paths to 400.");
        return segments;
    }
}
