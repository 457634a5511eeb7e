using System.Runtime.CompilerServices;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>
/// <c>file:///path</c>: objects as files below a folder of a local disk, a NAS or a synchronised folder.
/// <c>?domain=NAME</c> sets the failure domain, which is the folder's path otherwise.
/// </summary>
/// <remarks>
/// <para>A new object is written and fsynced under a temporary name in <c>.tmp</c>, then appears under its own name by one
/// atomic step that cannot replace anything (<see cref="CreateOnce"/>), then its folder is fsynced.</para>
/// <para>A missing root is an error of every call and never made again: it means an unplugged disk.</para>
/// <para>A deletion may be undone by a loss of power.</para>
/// </remarks>
public sealed class FolderStorage : ICloudStorage
{
    private readonly string _root;
    private readonly FolderRoot _identity;
    private readonly FolderReader _reader;
    private readonly FolderWriter _writer;
    private readonly IoThreads _readThreads;
    private readonly IoThreads _writeThreads;

    /// <param name="root">An absolute path; it need not be there yet.</param>
    /// <param name="failureDomain">See <see cref="CloudCapabilities.FailureDomain"/>; the path if null.</param>
    public FolderStorage(string root, string? failureDomain = null, TimeProvider? time = null)
        : this(root, $"file://{root}", failureDomain, time ?? TimeProvider.System, CreateOnceMethod.Link)
    {
    }

    internal FolderStorage(string root, string address, string? failureDomain, TimeProvider time, CreateOnceMethod method)
    {
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        Address = address;
        _readThreads = new IoThreads($"read {_root}", limit: 8, background: false);
        _writeThreads = new IoThreads($"write {_root}", limit: 4, background: true);
        _identity = new FolderRoot(_root, time);
        _reader = new FolderReader(_root, time);
        _writer = new FolderWriter(_root, new CreateOnce(method), time);
        Capabilities = new CloudCapabilities
        {
            CreateOnce = true,
            RangeRead = true,
            ConsistentList = true,
            Move = true,
            Quota = true,
            FailureDomain = failureDomain ?? _root,
            SpacePool = SpacePool.Of(_root),
        };
    }

    public static CloudProvider Provider { get; } = new("file", "file:///path", Open);

    public CloudCapabilities Capabilities { get; }

    public string Address { get; }

    /// <summary>Makes the folder and its missing parents, durably. For the creation of a drive only.</summary>
    public void CreateRoot()
    {
        try
        {
            FolderTree.CreateRoot(_root);
        }
        catch (Exception exception) when (FolderErrors.IsSystem(exception))
        {
            throw FolderErrors.Map(exception, _root);
        }
    }

    public async IAsyncEnumerable<CloudObject> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var list = new FolderList(_root, prefix);
        while (true)
        {
            // In pages, so that the hop to another thread does not cost more than reading the folder.
            var page = await Read(list.NextPage, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
                yield break;
            foreach (var each in page)
                yield return each;
        }
    }

    public ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        return _reader.TryReadCached(name, offset, destination.Span, out var read)
            ? new ValueTask<int>(read)
            : _reader.ReadAsync(name, offset, destination, _readThreads, cancellationToken);
    }

    public async Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        var file = await Read(() => _reader.Open(name), cancellationToken).ConfigureAwait(false);
        return new FolderStream(file, offset, length, _root, _readThreads);
    }

    public Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        return content.Array is null && content.File is null
            ? WriteStreamAsync(name, content, cancellationToken)
            : Write(() => _writer.Write(name, content, cancellationToken), cancellationToken);
    }

    public Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        return Read(() => _reader.Stat(name), cancellationToken);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(name);
        return Read(
            () =>
            {
                _reader.Forget(name);
                _writer.Delete(name);
                return true;
            },
            cancellationToken);
    }

    public Task MoveAsync(string source, string target, CancellationToken cancellationToken = default)
    {
        ObjectName.Check(source);
        ObjectName.Check(target);
        return Write(
            () =>
            {
                _reader.Forget(source);
                _writer.Move(source, target);
                return true;
            },
            cancellationToken);
    }

    public Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default) => Read(
        () =>
        {
            FolderTree.CheckRoot(_root);
            var drive = new DriveInfo(_root);
            return new CloudQuota(drive.TotalSize, drive.TotalSize - drive.TotalFreeSpace, drive.AvailableFreeSpace);
        },
        cancellationToken);

    public ValueTask DisposeAsync()
    {
        _reader.Dispose();
        _readThreads.Dispose();
        _writeThreads.Dispose();
        return ValueTask.CompletedTask;
    }

    private static FolderStorage Open(CloudAddress address, CloudOpenOptions options)
    {
        address.AllowOptions("domain");
        if (address.Host is not ("" or "localhost") || address.Path.Length < 2 || address.User is not null)
            throw CloudAddress.Invalid($"'{address}' is not the address of a folder; write it as file:///absolute/path.");

        // file:///C:/path has a slash before the drive letter.
        var path = OperatingSystem.IsWindows() ? address.Path.TrimStart('/') : address.Path;
        if (File.Exists(path))
            throw CloudAddress.Invalid($"'{path}' is a file; the address must be that of a folder.");
        var storage = new FolderStorage(
            path, address.Text, address.Options.GetValueOrDefault("domain"), options.Time, CreateOnceMethod.Link);
        if (options.CreateRoot)
            storage.CreateRoot();
        return storage;
    }

    private async Task<CloudObject> WriteStreamAsync(string name, CloudContent content, CancellationToken cancellationToken)
    {
        var pending = await Write(() => _writer.Begin(name), cancellationToken).ConfigureAwait(false);
        try
        {
            await using var source = ContentReader.Open(content);
            var buffer = new byte[Math.Clamp(content.Length, 1, FolderWriter.BufferSize)];
            for (long position = 0; position < content.Length;)
            {
                var read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                await Write(() => pending.Append(buffer.AsSpan(0, read)), cancellationToken).ConfigureAwait(false);
                position += read;
            }
            await source.FinishAsync(cancellationToken).ConfigureAwait(false);
            return await Write(() => _writer.Publish(pending, name, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await Write(pending.Discard, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private Task<T> Read<T>(Func<T> work, CancellationToken cancellationToken) =>
        Run(_readThreads, work, cancellationToken);

    private Task<T> Write<T>(Func<T> work, CancellationToken cancellationToken) =>
        Run(_writeThreads, work, cancellationToken);

    private Task<T> Run<T>(IoThreads threads, Func<T> work, CancellationToken cancellationToken) => threads.RunAsync(
        () =>
        {
            try
            {
                _identity.Check();
                return work();
            }
            catch (Exception exception) when (FolderErrors.IsSystem(exception))
            {
                throw FolderErrors.Map(exception, _root);
            }
        },
        cancellationToken);
}
