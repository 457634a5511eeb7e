using System.Globalization;
using System.Xml;

namespace CuckooDrive.Clouds.Providers.WebDav;

/// <summary>One resource as a PROPFIND describes it. Null: not said.</summary>
/// <param name="Path">Of its address, decoded, without the slash at the end.</param>
internal sealed record DavResource(string Path)
{
    public bool IsFolder { get; set; }

    public long? Length { get; set; }

    public DateTimeOffset? Modified { get; set; }

    public long? FreeBytes { get; set; }

    public long? UsedBytes { get; set; }

    /// <summary>The part behind the last slash.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}

/// <summary>Reads the answer to a PROPFIND (RFC 4918, section 13), with the quota of RFC 4331.</summary>
internal static class Multistatus
{
    private const string Dav = "DAV:";

    /// <summary>The body that asks for all that is used here.</summary>
    public const string Request =
        """<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>""";

    public const string QuotaRequest =
        """<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><quota-available-bytes/><quota-used-bytes/></prop></propfind>""";

    /// <summary>Begins to read an answer; the caller disposes the reader.</summary>
    /// <exception cref="XmlException">It is no XML.</exception>
    /// <exception cref="InvalidDataException">It is something else than a multistatus.</exception>
    public static async Task<XmlReader> BeginAsync(Stream body)
    {
        var reader = XmlReader.Create(body, new XmlReaderSettings
        {
            Async = true,
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreWhitespace = true,
        });
        try
        {
            await reader.MoveToContentAsync().ConfigureAwait(false);
            return reader.NodeType == XmlNodeType.Element && reader.LocalName == "multistatus" && reader.NamespaceURI == Dav
                ? reader
                : throw new InvalidDataException("The answer is no multistatus.");
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>All of what was begun.</summary>
    /// <exception cref="XmlException">It breaks off, or something else follows.</exception>
    /// <exception cref="InvalidDataException">It is not what the protocol says.</exception>
    public static async Task<List<DavResource>> ReadAsync(XmlReader reader, CancellationToken cancellationToken)
    {
        var found = new List<DavResource>();
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (reader.NodeType == XmlNodeType.Element && reader.NamespaceURI == Dav && reader.LocalName == "response")
                found.Add(await ReadResponseAsync(reader).ConfigureAwait(false));
        }
        return found;
    }

    private static async Task<DavResource> ReadResponseAsync(XmlReader reader)
    {
        // Properties that a resource does not have come in a group of their own, empty: they set nothing.
        DavResource resource = new("");
        var isNamed = false;
        var depth = reader.Depth;
        var more = await reader.ReadAsync().ConfigureAwait(false);
        while (more && reader.Depth > depth)
        {
            if (reader.NodeType != XmlNodeType.Element || reader.NamespaceURI != Dav)
            {
                more = await reader.ReadAsync().ConfigureAwait(false);
                continue;
            }
            switch (reader.LocalName)
            {
                case "href":
                    resource = resource with { Path = PathOf(await reader.ReadElementContentAsStringAsync().ConfigureAwait(false)) };
                    isNamed = true;
                    break;
                case "collection":
                    resource.IsFolder = true;
                    more = await reader.ReadAsync().ConfigureAwait(false);
                    break;
                case "getcontentlength":
                    resource.Length = Number(await reader.ReadElementContentAsStringAsync().ConfigureAwait(false)) ?? resource.Length;
                    break;
                case "quota-available-bytes":
                    resource.FreeBytes = Number(await reader.ReadElementContentAsStringAsync().ConfigureAwait(false)) ?? resource.FreeBytes;
                    break;
                case "quota-used-bytes":
                    resource.UsedBytes = Number(await reader.ReadElementContentAsStringAsync().ConfigureAwait(false)) ?? resource.UsedBytes;
                    break;
                case "getlastmodified":
                    resource.Modified = Time(await reader.ReadElementContentAsStringAsync().ConfigureAwait(false)) ?? resource.Modified;
                    break;
                default:
                    more = await reader.ReadAsync().ConfigureAwait(false);
                    break;
            }
        }
        return isNamed ? resource : throw new InvalidDataException("A response names no resource.");
    }

    // A whole address or only its path, and encoded in many tastes.
    private static string PathOf(string href)
    {
        var path = Uri.TryCreate(href, UriKind.Absolute, out var address) && address.Scheme.StartsWith("http", StringComparison.Ordinal)
            ? address.AbsolutePath
            : href;
        return Uri.UnescapeDataString(path).TrimEnd('/');
    }

    // Negative numbers are Nextcloud's words for "unlimited" and "unknown".
    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
