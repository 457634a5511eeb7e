namespace CuckooDrive.Clouds.Http;

/// <summary>For providers with folders: where objects whose names begin with a prefix can lie.</summary>
internal static class ObjectPrefix
{
    /// <summary>The folder to list, without a slash at its end and empty for the root; false when no name can have the prefix.</summary>
    public static bool TryFolder(string prefix, out string folder)
    {
        var slash = prefix.LastIndexOf('/');
        folder = slash < 0 ? "" : prefix[..slash];
        return prefix.Length <= ObjectName.MaximumLength && (folder.Length == 0 ? slash < 0 : ObjectName.IsValid(folder));
    }
}
