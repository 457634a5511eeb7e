using System.Globalization;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators.Nextcloud;

/// <summary>Nextcloud's answers in XML.</summary>
internal static class NextcloudXml
{
    private static readonly XNamespace Dav = "DAV:";
    private static readonly XNamespace Own = "http://owncloud.org/ns";
    private static readonly XNamespace Sabre = "http://sabredav.org/ns";

    /// <summary>Answers a PROPFIND with these resources: the properties that each has, and those that it has not.</summary>
    public static async Task MultistatusAsync(
        HttpContext context, IEnumerable<(string Path, Dictionary<XName, object> Properties)> resources, IReadOnlyList<XName> asked)
    {
        var answer = new XElement(
            Dav + "multistatus", new XAttribute(XNamespace.Xmlns + "d", Dav.NamespaceName), new XAttribute(XNamespace.Xmlns + "oc", Own.NamespaceName));
        foreach (var (path, properties) in resources)
        {
            var names = asked.Count > 0 ? asked : [.. properties.Keys];
            var response = new XElement(Dav + "response", new XElement(Dav + "href", path));
            foreach (var group in names.Distinct().GroupBy(properties.ContainsKey).OrderByDescending(group => group.Key))
            {
                response.Add(new XElement(
                    Dav + "propstat",
                    new XElement(Dav + "prop", group.Select(name => new XElement(name, group.Key ? properties[name] : null))),
                    new XElement(Dav + "status", group.Key ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found")));
            }
            answer.Add(response);
        }
        context.Response.StatusCode = StatusCodes.Status207MultiStatus;
        await WriteAsync(context, answer);
    }

    /// <summary>The properties that a PROPFIND asks for; none for all.</summary>
    public static async Task<List<XName>> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        if (body.Length == 0)
            return [];
        body.Position = 0;
        return [.. XElement.Load(body).Elements(Dav + "prop").Elements().Select(each => each.Name)];
    }

    public static Dictionary<XName, object> Describe(TreeNode node, long size, string etag, string? checksums, long free)
    {
        var all = new Dictionary<XName, object>
        {
            [Dav + "getlastmodified"] = node.Modified.ToString("R", CultureInfo.InvariantCulture),
            [Dav + "getetag"] = $"\"{etag}\"",
            [Dav + "resourcetype"] = node.IsFolder ? new XElement(Dav + "collection") : "",
            [Own + "id"] = $"{node.Number + 1:d8}instance",
            [Own + "fileid"] = node.Number + 1,
            [Own + "permissions"] = node.IsFolder ? "RGDNVCK" : "RGDNVW",
            [Own + "size"] = size,
        };
        if (node.IsFolder)
        {
            all[Dav + "quota-available-bytes"] = free;
            all[Dav + "quota-used-bytes"] = size;
        }
        else
        {
            all[Dav + "getcontentlength"] = size;
            all[Dav + "getcontenttype"] = "application/octet-stream";
            if (checksums is not null)
                all[Own + "checksums"] = new XElement(Own + "checksum", checksums);
        }
        return all;
    }

    public static Task ErrorAsync(HttpContext context, int status, string exception, string message)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new XElement(
            Dav + "error", new XElement(Sabre + "exception", $"Sabre\\DAV\\Exception\\{exception}"), new XElement(Sabre + "message", message)));
    }

    private static async Task WriteAsync(HttpContext context, XElement answer)
    {
        context.Response.ContentType = "application/xml; charset=utf-8";
        await context.Response.WriteAsync(new XDocument(answer).ToString(SaveOptions.DisableFormatting), context.RequestAborted);
    }
}
