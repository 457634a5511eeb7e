using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using CuckooDrive.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace CuckooDrive.Testing.Emulators.GoogleDrive;

/// <summary>Uploads: the description and the content in one request, or in parts that must be multiples of 256 KiB.</summary>
public sealed partial class GoogleDriveEmulator
{
    private const int PartUnit = 256 << 10;

    private readonly ConcurrentDictionary<string, GoogleDriveUpload> _uploads = new();

    private void MapUploads(WebApplication application)
    {
        application.MapPost("/upload/drive/v3/files", UploadAsync);
        application.MapMethods("/upload/drive/v3/files/{id}", ["PATCH", "PUT", "POST"], UploadAsync);
        application.MapPut("/upload/drive/v3/files", UploadAsync);
    }

    private Task UploadAsync(HttpContext context)
    {
        var query = context.Request.Query;
        return query.ContainsKey("upload_id") ? ContinueAsync(context)
            : query["uploadType"] == "multipart" ? MultipartAsync(context)
            : query["uploadType"] == "resumable" ? BeginAsync(context)
            : ServeAsync(context, () => throw new GoogleDriveFailure(400, "badRequest"));
    }

    private async Task BeginAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var metadata = JsonElement.Parse(body.GetBuffer().AsSpan(0, (int)body.Length));
        await ServeAsync(context, () =>
        {
            var item = context.Request.RouteValues.ContainsKey("id") ? Find(context) : NewItem(metadata);
            if (long.TryParse(context.Request.Headers["X-Upload-Content-Length"], CultureInfo.InvariantCulture, out var length) && Used + length > Quota)
                throw new GoogleDriveFailure(403, "storageQuotaExceeded");
            var id = NewId();
            _uploads[id] = new GoogleDriveUpload(item, metadata, FieldsOf(context));
            context.Response.Headers.Location = $"{OriginOf(context.Request)}{context.Request.Path}?uploadType=resumable&upload_id={id}";
            return [];
        });
    }

    private async Task ContinueAsync(HttpContext context)
    {
        if (!_uploads.TryGetValue(context.Request.Query["upload_id"].ToString(), out var upload))
        {
            await ServeAsync(context, () => throw new GoogleDriveFailure(404, "notFound"));
            return;
        }
        var part = await _blobs.ReadAsync(context.Request.Body, context.RequestAborted);
        var range = context.Request.GetTypedHeaders().ContentRange;
        // Without a range all of it comes at once.
        var total = range is null ? part.Length : range.Length;
        if (range?.From is { } from && (from != upload.Content.Length || range.To - from + 1 != part.Length))
        {
            await ServeAsync(context, () => throw new GoogleDriveFailure(400, "badRequest"));
            return;
        }
        upload.Content = upload.Content.Append(part);
        if (upload.Content.Length == total)
        {
            _uploads.TryRemove(context.Request.Query["upload_id"].ToString(), out _);
            await FinishAsync(context, upload.Item, upload.Content, upload.Fields);
            return;
        }
        if (part.Length % PartUnit != 0)
        {
            await ServeAsync(context, () => throw new GoogleDriveFailure(400, "badRequest"));
            return;
        }
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        if (upload.Content.Length > 0)
            context.Response.Headers.Range = $"bytes=0-{upload.Content.Length - 1}";
    }

    private async Task MultipartAsync(HttpContext context)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(context.Request.ContentType).Boundary).Value!;
        var reader = new MultipartReader(boundary, context.Request.Body);
        var first = await reader.ReadNextSectionAsync(context.RequestAborted);
        var metadata = JsonElement.Parse(await new StreamReader(first!.Body).ReadToEndAsync(context.RequestAborted));
        var second = await reader.ReadNextSectionAsync(context.RequestAborted);
        var content = await _blobs.ReadAsync(second!.Body, context.RequestAborted);
        // To the closing boundary: a body that breaks off must not become a file.
        if (await reader.ReadNextSectionAsync(context.RequestAborted) is not null)
            throw new InvalidDataException();
        GoogleDriveItem? item = null;
        GoogleDriveFailure? failure = null;
        lock (_gate)
        {
            try
            {
                item = context.Request.RouteValues.ContainsKey("id") ? Find(context) : NewItem(metadata);
            }
            catch (GoogleDriveFailure found)
            {
                failure = found;
            }
        }
        if (item is null)
            await AnswerAsync(context, failure!.Answer, failure.Status);
        else
            await FinishAsync(context, item, content, FieldsOf(context));
    }

    private async Task FinishAsync(HttpContext context, GoogleDriveItem item, Blob content, string? fields)
    {
        var hash = await content.HashAsync(CloudHashKind.Md5);
        if (DamagesUploads)
            hash[0] ^= 1;
        await ServeAsync(context, () =>
        {
            if (Used + content.Length > Quota)
                throw new GoogleDriveFailure(403, "storageQuotaExceeded");
            item.Content = content;
            item.Md5 = Convert.ToHexStringLower(hash);
            if (!_items.ContainsKey(item.Id))
                Add(item);
            return Describe(item, fields);
        });
    }

    private sealed class GoogleDriveUpload(GoogleDriveItem item, JsonElement metadata, string? fields)
    {
        public GoogleDriveItem Item => item;

        public JsonElement Metadata => metadata;

        public string? Fields => fields;

        public Blob Content { get; set; } = Blob.Empty;
    }
}
