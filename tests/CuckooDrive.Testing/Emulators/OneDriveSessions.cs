using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using CuckooDrive.Testing.Clouds;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace CuckooDrive.Testing.Emulators;

/// <summary>The upload sessions of <see cref="OneDriveEmulator"/>, on their own host.</summary>
internal sealed class OneDriveSessions(OneDriveEmulator emulator, TemporaryFolder folder)
{
    private const long Unit = 320 << 10;
    private const long LargestFragment = 60 << 20;

    private readonly ConcurrentDictionary<string, Session> _sessions = new();

    public int Count => _sessions.Count;

    public JsonObject Begin(TreeNode parent, string name, string conflict)
    {
        var session = new Session(parent, name, conflict, new StoredContent(folder));
        var id = Guid.NewGuid().ToString("n");
        _sessions[id] = session;
        var answer = Status(session);
        answer["uploadUrl"] = $"https://{OneDriveEmulator.UploadHost}/up/{id}";
        return answer;
    }

    public Task ServeAsync(HttpContext context, string id)
    {
        if (!_sessions.TryGetValue(id, out var session))
            return OneDriveEmulator.ErrorAsync(context, 404, "itemNotFound", "The upload session was not found");
        switch (context.Request.Method)
        {
            case "GET":
                return OneDriveEmulator.JsonAsync(context, 200, Status(session));
            case "DELETE":
                _sessions.TryRemove(id, out _);
                session.Content.Delete();
                context.Response.StatusCode = 204;
                return Task.CompletedTask;
            case "PUT":
                return PutAsync(context, id, session);
            default:
                return OneDriveEmulator.ErrorAsync(context, 405, "notAllowed", "Not here.");
        }
    }

    private static JsonObject Status(Session session) => new()
    {
        ["expirationDateTime"] = DateTimeOffset.UtcNow.AddDays(7).ToString("o", CultureInfo.InvariantCulture),
        ["nextExpectedRanges"] = new JsonArray($"{session.Content.Length}-"),
    };

    private async Task PutAsync(HttpContext context, string id, Session session)
    {
        // What arrives in part does not count.
        var fragment = new StoredContent(folder);
        await fragment.AppendAsync(context.Request.Body, context.RequestAborted);
        if (!ContentRangeHeaderValue.TryParse(context.Request.Headers.ContentRange.ToString(), out var range) ||
            range is not { From: { } from, To: { } to, Length: { } total } || to - from + 1 != fragment.Length ||
            fragment.Length > LargestFragment || (to + 1 < total && fragment.Length % Unit != 0) ||
            (session.Total is { } before && before != total))
        {
            await OneDriveEmulator.ErrorAsync(context, 400, "invalidRequest", "The Content-Range header is not valid.");
            return;
        }
        if (from != session.Content.Length)
        {
            await OneDriveEmulator.ErrorAsync(context, 416, "invalidRange", "Another range is expected.");
            return;
        }
        session.Total = total;
        await using (var bytes = fragment.Open())
            await session.Content.AppendAsync(bytes, CancellationToken.None);
        fragment.Delete();
        if (to + 1 < total)
        {
            await OneDriveEmulator.JsonAsync(context, 202, Status(session));
            return;
        }
        await emulator.FinishAsync(context, session.Parent, session.Name, session.Content, session.Conflict);
        // After a conflict it is kept: the client may commit it under another name, or cancel it.
        if (context.Response.StatusCode < 300)
            _sessions.TryRemove(id, out _);
    }

    private sealed class Session(TreeNode parent, string name, string conflict, StoredContent content)
    {
        public TreeNode Parent => parent;
        public string Name => name;
        public string Conflict => conflict;
        public StoredContent Content => content;
        public long? Total { get; set; }
    }
}

/// <summary>Names that OneDrive takes: https://support.microsoft.com/office/64883a5d-228e-48f5-b3d2-eb39e07630fa.</summary>
internal static class OneDriveRules
{
    public static bool IsAllowed(string name)
    {
        if (name.Length is 0 or > 255 || name.AsSpan().ContainsAny("\"*:<>?/\\|") || name.Any(char.IsControl))
            return false;
        if (name[0] == ' ' || name[^1] is ' ' or '.' || name.StartsWith("~$", StringComparison.Ordinal))
            return false;
        var lower = name.ToLowerInvariant();
        var stem = lower.Split('.')[0];
        return lower is not (".lock" or "desktop.ini") && !lower.Contains("_vti_", StringComparison.Ordinal) &&
            stem is not ("con" or "prn" or "aux" or "nul") &&
            !(stem.Length == 4 && (stem.StartsWith("com", StringComparison.Ordinal) || stem.StartsWith("lpt", StringComparison.Ordinal)) &&
                char.IsAsciiDigit(stem[3]));
    }
}
