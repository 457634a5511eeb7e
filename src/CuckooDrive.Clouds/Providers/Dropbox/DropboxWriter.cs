using System.Text.Json;
using System.Text.Json.Nodes;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.Dropbox;

/// <summary>
/// Writes, deletes and moves. Dropbox locks an account for each change and refuses those that meet
/// (too_many_write_operations), so changes go one after another, many in one request; the bytes travel in parallel before that.
/// Thread safe.
/// </summary>
internal sealed class DropboxWriter : IAsyncDisposable
{
    /// <summary>An object up to this size is sent and committed by one request when nobody else is writing.</summary>
    private const int SmallObject = 4 << 20;

    /// <summary>The part of a session that one request carries. Dropbox takes up to 150 MiB.</summary>
    private const int PartSize = 16 << 20;

    /// <summary>What Dropbox takes in one request.</summary>
    private const int LargestBatch = 1000;

    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan ChangeTimeout = TimeSpan.FromMinutes(3);

    private readonly DropboxApi _api;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly BatchQueue<Commit, JsonElement> _commits;
    private readonly BatchQueue<Deletion, bool> _deletions;

    public DropboxWriter(DropboxApi api)
    {
        _api = api;
        _commits = new(LargestBatch, CommitAsync);
        _deletions = new(LargestBatch, DeleteAsync);
    }

    /// <summary>Stores a new file and returns Dropbox's description of it.</summary>
    public async Task<JsonElement> WriteAsync(string path, CloudContent content, string what, CancellationToken cancellationToken)
    {
        await using var upload = new RestartableUpload(content, CloudHashKind.DropboxContentHash);
        await upload.BeginAsync(cancellationToken).ConfigureAwait(false);
        JsonElement stored;
        if (content.Length <= SmallObject && await _turn.WaitAsync(0, CancellationToken.None).ConfigureAwait(false))
        {
            try
            {
                stored = await _api.UploadAsync("files/upload", CommitInfo(path), upload.WholeAsync, what, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
        else
        {
            var session = await SendAsync(upload, content.Length, what, cancellationToken).ConfigureAwait(false);
            stored = await _commits.AddAsync(new Commit(session, content.Length, path, what), cancellationToken).ConfigureAwait(false);
        }
        await CompareAsync(stored, upload.FinishHash(), path, what).ConfigureAwait(false);
        return stored;
    }

    /// <summary>Removes the file that has this revision; one that is gone meanwhile is success.</summary>
    public Task DeleteAsync(string path, string revision, string what, CancellationToken cancellationToken) =>
        _deletions.AddAsync(new Deletion(path, revision, what), cancellationToken);

    /// <summary>Makes any other change in its turn.</summary>
    public async Task<JsonElement> ChangeAsync(string route, JsonObject argument, string what, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _api.CallAsync(route, argument, what, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _commits.DisposeAsync().ConfigureAwait(false);
        await _deletions.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
    }

    // Strict: an object that is there already is a conflict also when it has the same content.
    private static JsonObject CommitInfo(string path) => new()
    {
        ["path"] = path,
        ["mode"] = "add",
        ["autorename"] = false,
        ["mute"] = true,
        ["strict_conflict"] = true,
    };

    /// <summary>Sends the content into a session that is then closed and can be committed.</summary>
    private async Task<string> SendAsync(RestartableUpload upload, long length, string what, CancellationToken cancellationToken)
    {
        var answer = await _api.UploadAsync(
            "files/upload_session/start",
            new JsonObject { ["close"] = length <= PartSize },
            token => upload.FirstAsync(PartSize, token),
            what,
            cancellationToken).ConfigureAwait(false);
        var session = answer.TextOrNull("session_id") ??
            throw new CloudException(CloudErrorKind.Corrupt, "Dropbox began an upload without naming it.");
        for (long offset = PartSize; offset < length; offset += PartSize)
        {
            var argument = new JsonObject
            {
                ["cursor"] = new JsonObject { ["session_id"] = session, ["offset"] = offset },
                ["close"] = length - offset <= PartSize,
            };
            await _api.UploadAsync("files/upload_session/append_v2", argument, upload.NextAsync(offset, PartSize), what, cancellationToken)
                .ConfigureAwait(false);
        }
        return session;
    }

    private async Task<IReadOnlyList<BatchResult<JsonElement>>> CommitAsync(IReadOnlyList<Commit> commits, CancellationToken closing)
    {
        var entries = new JsonArray();
        foreach (var commit in commits)
        {
            entries.Add(new JsonObject
            {
                ["cursor"] = new JsonObject { ["session_id"] = commit.Session, ["offset"] = commit.Length },
                ["commit"] = CommitInfo(commit.Path),
            });
        }
        var answer = await InTurnAsync("files/upload_session/finish_batch_v2", entries, closing).ConfigureAwait(false);
        return Results(answer, commits.Count, (entry, index) => entry.TextOrNull(".tag") == "success"
            ? new BatchResult<JsonElement>(entry, null)
            : new BatchResult<JsonElement>(default, DropboxErrors.Of(entry.Member("failure") ?? default, commits[index].What)));
    }

    private async Task<IReadOnlyList<BatchResult<bool>>> DeleteAsync(IReadOnlyList<Deletion> deletions, CancellationToken closing)
    {
        if (deletions is [var only])
            return [await DeleteAsync(only, closing).ConfigureAwait(false)];
        var entries = new JsonArray();
        foreach (var deletion in deletions)
            entries.Add(new JsonObject { ["path"] = deletion.Path, ["parent_rev"] = deletion.Revision });
        var answer = await InTurnAsync("files/delete_batch", entries, closing).ConfigureAwait(false);
        return Results(answer, deletions.Count, (entry, index) => entry.TextOrNull(".tag") == "success"
            ? new BatchResult<bool>(true, null)
            : Deleted(DropboxErrors.Of(entry.Member("failure") ?? default, deletions[index].What)));
    }

    // A batch of one would be answered later, by a second request.
    private async Task<BatchResult<bool>> DeleteAsync(Deletion deletion, CancellationToken closing)
    {
        try
        {
            var argument = new JsonObject { ["path"] = deletion.Path, ["parent_rev"] = deletion.Revision };
            await InTurnAsync(limit => _api.CallAsync("files/delete_v2", argument, deletion.What, limit), closing).ConfigureAwait(false);
            return new BatchResult<bool>(true, null);
        }
        catch (CloudException failure)
        {
            return Deleted(failure);
        }
    }

    private static BatchResult<bool> Deleted(CloudException failure) =>
        failure.Kind == CloudErrorKind.NotFound ? new BatchResult<bool>(true, null) : new BatchResult<bool>(false, failure);

    private Task<JsonElement> InTurnAsync(string route, JsonArray entries, CancellationToken closing) => InTurnAsync(
        async limit =>
        {
            var answer = await _api.CallAsync(route, new JsonObject { ["entries"] = entries }, "a batch", limit).ConfigureAwait(false);
            if (answer.TextOrNull("async_job_id") is { } job)
                answer = await PollAsync(route, job, limit).ConfigureAwait(false);
            return answer.TextOrNull(".tag") == "failed" ? throw DropboxErrors.Of(answer.Member("failed") ?? default, "a batch") : answer;
        },
        closing);

    /// <summary>
    /// For what nobody's patience ends, for the caller's ends only his waiting; while it lasts no other change has its turn, so it has a limit.
    /// The wait for the turn has none: a small object may take long on a slow line, and whoever gave up would send all bytes again.
    /// </summary>
    private async Task<JsonElement> InTurnAsync(Func<CancellationToken, Task<JsonElement>> change, CancellationToken closing)
    {
        await _turn.WaitAsync(closing).ConfigureAwait(false);
        try
        {
            using var timeout = new CancellationTokenSource(ChangeTimeout, _api.Http.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(closing, timeout.Token);
            return await change(either.Token).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    // Some batches are done while one waits for the answer, others afterwards.
    private async Task<JsonElement> PollAsync(string route, string job, CancellationToken cancellationToken)
    {
        for (var wait = FirstPoll; ; wait *= 1.5)
        {
            await Task.Delay(wait, _api.Http.Time, cancellationToken).ConfigureAwait(false);
            var answer = await _api.CallAsync($"{route}/check", new JsonObject { ["async_job_id"] = job }, "a batch", cancellationToken)
                .ConfigureAwait(false);
            if (answer.TextOrNull(".tag") != "in_progress")
                return answer;
        }
    }

    private static List<BatchResult<T>> Results<T>(JsonElement answer, int count, Func<JsonElement, int, BatchResult<T>> result)
    {
        var results = answer.Items("entries").Select(result).ToList();
        return results.Count == count
            ? results
            : throw new CloudException(CloudErrorKind.Corrupt, $"Dropbox answers {results.Count} of {count} entries of a batch.");
    }

    private async Task CompareAsync(JsonElement stored, byte[] hash, string path, string what)
    {
        if (stored.TextOrNull("content_hash") is not { } said || ContentHash.AreEqual(said, hash))
            return;
        // Nobody may find it; the object is whole in a list and wrong.
        if (stored.TextOrNull("rev") is { } revision)
            await DeleteAsync(path, revision, what, CancellationToken.None).ConfigureAwait(false);
        throw new CloudException(CloudErrorKind.Corrupt, $"'{what}' was damaged on its way to Dropbox.");
    }

    private sealed record Commit(string Session, long Length, string Path, string What);

    private sealed record Deletion(string Path, string Revision, string What);
}
