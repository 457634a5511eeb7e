using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators.Dropbox;

/// <summary>
/// Dropbox's HTTP API v2 as far as files need it, after its published interface description: uploads and upload sessions, batches,
/// ranged downloads, lists with cursors, metadata, moves, deletions, content_hash, space, and the errors of each.
/// </summary>
public sealed class DropboxEmulator() : CloudEmulator("api.dropboxapi.com", "content.dropboxapi.com", "www.dropbox.com", "notify.dropboxapi.com")
{
    private readonly Lock _gate = new();
    private readonly DropboxTree _tree = new();
    private readonly BlobStore _blobs = new();
    private readonly ConcurrentDictionary<string, DropboxSession> _sessions = new();
    private readonly ConcurrentDictionary<string, DropboxList> _lists = new();
    private readonly ConcurrentDictionary<string, JsonObject> _jobs = new();
    private int _writers;
    private int _ids;

    /// <summary>The most entries of one page.</summary>
    public int PageSize { get; set; } = 500;

    /// <summary>Whether changes that meet are refused, as the lock of a real account does; each then takes a moment.</summary>
    public bool RefusesParallelChanges { get; set; }

    /// <summary>Whether the result of a batch of deletions must be asked for.</summary>
    public bool AnswersBatchesLater { get; set; }

    /// <summary>Whether uploads are stored with a changed byte, and the hash of that.</summary>
    public bool DamagesUploads { get; set; }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _blobs.Dispose();
    }

    protected override void Map(WebApplication application)
    {
        Login.Map(application, "/oauth2/authorize", "/oauth2/token");
        Route(application, "users/get_current_account", Account);
        Route(application, "users/get_space_usage", Space);
        Route(application, "files/get_metadata", Describe);
        Route(application, "files/list_folder", List);
        Route(application, "files/list_folder/continue", argument => Page(Text(argument, "cursor")));
        Change(application, "files/create_folder_v2", CreateFolder);
        Change(application, "files/delete_v2", Delete);
        Change(application, "files/move_v2", Move);
        Change(application, "files/delete_batch", DeleteBatch);
        Route(application, "files/delete_batch/check", argument => _jobs[Text(argument, "async_job_id")]);
        Change(application, "files/upload_session/finish_batch_v2", FinishBatch);
        Upload(application, "files/upload", UploadFile, isChange: true);
        Upload(application, "files/upload_session/start", StartSession, isChange: false);
        Upload(application, "files/upload_session/append_v2", AppendSession, isChange: false);
        Upload(application, "files/upload_session/finish", FinishSession, isChange: true);
        application.MapPost("/2/files/download", DownloadAsync);
    }

    protected override bool IsOpenToAll(HttpRequest request) => request.Path.StartsWithSegments("/oauth2");

    protected override async Task RefuseAsync(HttpContext context, TokenState state)
    {
        var tag = state == TokenState.Expired ? "expired_access_token" : "invalid_access_token";
        await AnswerAsync(context, StatusCodes.Status401Unauthorized, DropboxFailure.Answer(tag, new JsonObject { [".tag"] = tag }));
    }

    private void Route(WebApplication application, string route, Func<JsonElement, JsonObject> handle) =>
        application.MapPost($"/2/{route}", context => CallAsync(context, handle, isChange: false));

    private void Change(WebApplication application, string route, Func<JsonElement, JsonObject> handle) =>
        application.MapPost($"/2/{route}", context => CallAsync(context, handle, isChange: true));

    private void Upload(WebApplication application, string route, Func<JsonElement, Blob, string, JsonObject> handle, bool isChange) =>
        application.MapPost($"/2/{route}", async context =>
        {
            var argument = JsonElement.Parse(context.Request.Headers["Dropbox-API-Arg"].ToString());
            var body = await _blobs.ReadAsync(context.Request.Body, context.RequestAborted);
            // Of what the file will be, once that is complete; outside the gate, since it reads all of it.
            var hash = isChange || IsTrue(argument, "close") ? await HashAsync(SoFar(argument).Append(body)) : "";
            await ServeAsync(context, isChange, () => handle(argument, body, hash));
        });

    private async Task CallAsync(HttpContext context, Func<JsonElement, JsonObject> handle, bool isChange)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var argument = body.Length == 0 ? default : JsonElement.Parse(body.GetBuffer().AsSpan(0, (int)body.Length));
        await ServeAsync(context, isChange, () => handle(argument));
    }

    private async Task ServeAsync(HttpContext context, bool isChange, Func<JsonObject> handle)
    {
        var strict = isChange && RefusesParallelChanges;
        try
        {
            if (strict && Interlocked.Increment(ref _writers) > 1)
            {
                context.Response.Headers.RetryAfter = "1";
                await AnswerAsync(context, StatusCodes.Status429TooManyRequests, DropboxFailure.TooManyWrites());
                return;
            }
            if (strict)
                await Task.Delay(5, context.RequestAborted);
            JsonObject answer;
            lock (_gate)
                answer = handle();
            await AnswerAsync(context, StatusCodes.Status200OK, answer);
        }
        catch (DropboxFailure failure)
        {
            await AnswerAsync(context, StatusCodes.Status409Conflict, DropboxFailure.Answer(failure.Summary, failure.Error));
        }
        finally
        {
            if (strict)
                Interlocked.Decrement(ref _writers);
        }
    }

    private static async Task AnswerAsync(HttpContext context, int status, JsonObject answer)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    private async Task DownloadAsync(HttpContext context)
    {
        var argument = JsonElement.Parse(context.Request.Headers["Dropbox-API-Arg"].ToString());
        DropboxEntry entry;
        try
        {
            lock (_gate)
                entry = FindFile(argument);
        }
        catch (DropboxFailure failure)
        {
            await AnswerAsync(context, StatusCodes.Status409Conflict, DropboxFailure.Answer(failure.Summary, failure.Error));
            return;
        }
        context.Response.Headers["Dropbox-API-Result"] = entry.Describe(tagged: false).ToJsonString();
        await BlobAnswer.SendAsync(context, entry.Content!);
    }

    private static JsonObject Account(JsonElement argument) => new()
    {
        ["account_id"] = "dbid:test",
        ["name"] = new JsonObject { ["display_name"] = "Test", ["given_name"] = "T", ["surname"] = "T", ["familiar_name"] = "T", ["abbreviated_name"] = "T" },
        ["email"] = "test@example.com",
        ["root_info"] = new JsonObject { [".tag"] = "user", ["root_namespace_id"] = "1", ["home_namespace_id"] = "1" },
        ["account_type"] = new JsonObject { [".tag"] = "basic" },
    };

    private JsonObject Space(JsonElement argument) => new()
    {
        ["used"] = _tree.Used,
        ["allocation"] = new JsonObject { [".tag"] = "individual", ["allocated"] = Quota },
    };

    private JsonObject Describe(JsonElement argument) =>
        (_tree.Find(PathOf(argument)) ?? throw DropboxFailure.Of("path", "not_found")).Describe();

    private JsonObject List(JsonElement argument)
    {
        var path = PathOf(argument);
        if (!_tree.IsFolder(path))
            throw DropboxFailure.Of("path", _tree.Find(path) is null ? "not_found" : "not_folder");
        var recursive = argument.TryGetProperty("recursive", out var value) && value.GetBoolean();
        var limit = argument.TryGetProperty("limit", out var most) && most.ValueKind == JsonValueKind.Number ? most.GetInt32() : PageSize;
        // A recursive list begins with the folder itself.
        IEnumerable<string> self = recursive && path.Length > 0 ? [path] : [];
        var cursor = $"cursor-{Interlocked.Increment(ref _ids)}";
        _lists[cursor] = new DropboxList(new Queue<string>(self.Concat(_tree.Below(path, recursive))), Math.Min(limit, PageSize));
        return Page(cursor);
    }

    private JsonObject Page(string cursor)
    {
        if (!_lists.TryGetValue(cursor, out var list))
            throw DropboxFailure.Of("reset");
        var entries = new JsonArray();
        while (entries.Count < list.PageSize && list.Left.TryDequeue(out var path))
        {
            if (_tree.Find(path) is { } entry)
                entries.Add(entry.Describe());
        }
        return new JsonObject { ["entries"] = entries, ["cursor"] = cursor, ["has_more"] = list.Left.Count > 0 };
    }

    private JsonObject CreateFolder(JsonElement argument)
    {
        var path = PathOf(argument);
        if (_tree.Conflict(path) is { } conflict)
            throw DropboxFailure.Of("path", "conflict", conflict);
        return new JsonObject { ["metadata"] = _tree.Put(path, null, "").Describe(tagged: false) };
    }

    private JsonObject Delete(JsonElement argument)
    {
        var path = PathOf(argument);
        var found = _tree.Find(path) ?? throw DropboxFailure.Of("path_lookup", "not_found");
        if (argument.TryGetProperty("parent_rev", out var revision) && revision.GetString() is { } expected && expected != found.Revision)
            throw DropboxFailure.Of("path_write", "conflict", "file");
        _tree.Remove(path);
        return new JsonObject { ["metadata"] = found.Describe() };
    }

    private JsonObject DeleteBatch(JsonElement argument)
    {
        var done = Batch(argument, Delete);
        done[".tag"] = "complete";
        if (!AnswersBatchesLater)
            return done;
        var job = $"job-{Interlocked.Increment(ref _ids)}";
        _jobs[job] = done;
        return new JsonObject { [".tag"] = "async_job_id", ["async_job_id"] = job };
    }

    private JsonObject Move(JsonElement argument)
    {
        var (from, to) = (PathOf(argument, "from_path"), PathOf(argument, "to_path"));
        if (_tree.Find(from) is null)
            throw DropboxFailure.Of("from_lookup", "not_found");
        if (_tree.Conflict(to) is { } conflict)
            throw DropboxFailure.Of("to", "conflict", conflict);
        _tree.Move(from, to);
        return new JsonObject { ["metadata"] = _tree.Find(to)!.Describe() };
    }

    private JsonObject UploadFile(JsonElement argument, Blob body, string hash) =>
        Store(argument, body, hash, reason => new DropboxFailure("path/" + string.Join('/', reason), new JsonObject
        {
            [".tag"] = "path",
            ["reason"] = DropboxFailure.Union(reason),
            ["upload_session_id"] = "unused",
        })).Describe(tagged: false);

    private JsonObject StartSession(JsonElement argument, Blob body, string hash)
    {
        var id = $"session-{Interlocked.Increment(ref _ids)}";
        _sessions[id] = new DropboxSession(body, hash, IsTrue(argument, "close"));
        return new JsonObject { ["session_id"] = id };
    }

    private JsonObject AppendSession(JsonElement argument, Blob body, string hash)
    {
        var cursor = argument.GetProperty("cursor");
        var session = SessionAt(cursor);
        _sessions[Text(cursor, "session_id")] = new DropboxSession(session.Content.Append(body), hash, IsTrue(argument, "close"));
        return [];
    }

    private JsonObject FinishSession(JsonElement argument, Blob body, string hash)
    {
        var cursor = argument.GetProperty("cursor");
        var content = SessionAt(cursor).Content.Append(body);
        var stored = Store(argument.GetProperty("commit"), content, hash, reason => DropboxFailure.Of(["path", .. reason]));
        _sessions.TryRemove(Text(cursor, "session_id"), out _);
        return stored.Describe(tagged: false);
    }

    private JsonObject FinishBatch(JsonElement argument) => Batch(argument, entry =>
    {
        var cursor = entry.GetProperty("cursor");
        var session = SessionOf(cursor);
        if (!session.IsClosed)
            throw DropboxFailure.Of("lookup_failed", "not_closed");
        if (cursor.GetProperty("offset").GetInt64() != session.Content.Length)
            throw DropboxFailure.Of("lookup_failed", "incorrect_offset");
        var stored = Store(entry.GetProperty("commit"), session.Content, session.Hash, reason => DropboxFailure.Of(["path", .. reason]));
        _sessions.TryRemove(Text(cursor, "session_id"), out _);
        return stored.Describe(tagged: false);
    });

    private static JsonObject Batch(JsonElement argument, Func<JsonElement, JsonObject> handle)
    {
        var results = new JsonArray();
        foreach (var entry in argument.GetProperty("entries").EnumerateArray())
        {
            try
            {
                var done = handle(entry);
                done[".tag"] = "success";
                results.Add(done);
            }
            catch (DropboxFailure failure)
            {
                results.Add(new JsonObject { [".tag"] = "failure", ["failure"] = failure.Error });
            }
        }
        return new JsonObject { ["entries"] = results };
    }

    private DropboxEntry Store(JsonElement commit, Blob content, string hash, Func<string[], DropboxFailure> failure)
    {
        var path = PathOf(commit);
        var mode = commit.TryGetProperty("mode", out var value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : Text(value, ".tag")
            : "add";
        var conflict = _tree.Conflict(path);
        if (conflict == "file" && (mode == "overwrite" || (_tree.Find(path)!.Hash == hash && !IsTrue(commit, "strict_conflict"))))
            conflict = null;
        if (conflict is not null)
            throw failure(["conflict", conflict]);
        if (_tree.Used + content.Length > Quota)
            throw failure(["insufficient_space"]);
        return _tree.Put(path, content, hash);
    }

    private Blob SoFar(JsonElement argument) => argument.TryGetProperty("cursor", out var cursor) &&
        _sessions.TryGetValue(Text(cursor, "session_id"), out var session) ? session.Content : Blob.Empty;

    private DropboxSession SessionOf(JsonElement cursor) =>
        _sessions.TryGetValue(Text(cursor, "session_id"), out var session) ? session : throw DropboxFailure.Of("lookup_failed", "not_found");

    private DropboxSession SessionAt(JsonElement cursor)
    {
        var session = SessionOf(cursor);
        if (session.IsClosed)
            throw DropboxFailure.Of("closed");
        return cursor.GetProperty("offset").GetInt64() == session.Content.Length
            ? session
            : throw new DropboxFailure("incorrect_offset", new JsonObject
            {
                [".tag"] = "incorrect_offset",
                ["correct_offset"] = session.Content.Length,
            });
    }

    private DropboxEntry FindFile(JsonElement argument)
    {
        var found = _tree.Find(PathOf(argument)) ?? throw DropboxFailure.Of("path", "not_found");
        return found.Content is null ? throw DropboxFailure.Of("path", "not_file") : found;
    }

    // Reading routes take an id in place of a path.
    private string PathOf(JsonElement argument, string member = "path")
    {
        var text = Text(argument, member);
        return text.StartsWith("id:", StringComparison.Ordinal)
            ? _tree.PathOfId(text) ?? throw DropboxFailure.Of("path", "not_found")
            : DropboxTree.Normalize(text) ?? throw DropboxFailure.Of("path", "malformed_path");
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static bool IsTrue(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private async Task<string> HashAsync(Blob content)
    {
        var hash = await content.HashAsync(CloudHashKind.DropboxContentHash);
        if (DamagesUploads)
            hash[0] ^= 1;
        return Convert.ToHexStringLower(hash);
    }

    private sealed record DropboxSession(Blob Content, string Hash, bool IsClosed);

    private sealed record DropboxList(Queue<string> Left, int PageSize);
}
