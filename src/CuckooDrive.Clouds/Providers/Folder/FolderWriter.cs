namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>Writes, moves and deletes objects of a folder. Thread safe; every member may block.</summary>
internal sealed class FolderWriter(string root, CreateOnce createOnce, TimeProvider time)
{
    public const int BufferSize = 1 << 20;

    private readonly FolderTree _tree = new(root);
    private readonly Temporaries _temporaries = new(root, time);

    /// <summary>Writes content that needs no waiting for: bytes in memory or a local file.</summary>
    public CloudObject Write(string name, CloudContent content, CancellationToken cancellationToken)
    {
        var pending = Begin(name);
        try
        {
            if (content.Array is { } array)
                pending.Append(array);
            else
                FileCopy.Append(pending, content.File!.Value, cancellationToken);
            return Publish(pending, name, cancellationToken);
        }
        finally
        {
            pending.Discard();
        }
    }

    /// <summary>A new temporary file for the object; refuses at once, before anything is copied, if the name is taken.</summary>
    public PendingFile Begin(string name)
    {
        if (File.Exists(FolderTree.PathOf(root, name)))
            throw Taken(name);
        return _temporaries.Create();
    }

    /// <summary>Makes the file durable and then visible under its name.</summary>
    public CloudObject Publish(PendingFile pending, string name, CancellationToken cancellationToken)
    {
        pending.FlushAndClose();
        cancellationToken.ThrowIfCancellationRequested();
        using var writing = _tree.BeginWriting();
        MoveInto(pending.Path, name);
        return new CloudObject(name, pending.Length, time.GetUtcNow());
    }

    public void Move(string source, string target)
    {
        FolderTree.CheckRoot(root);
        if (!File.Exists(FolderTree.PathOf(root, source)))
            throw FolderErrors.Missing(source);
        using (_tree.BeginWriting())
        {
            MoveInto(FolderTree.PathOf(root, source), target);
            FolderTree.Sync(_tree.ParentOf(source));
        }
        _tree.Prune(source);
    }

    public void Delete(string name)
    {
        var path = FolderTree.PathOf(root, name);
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (FolderErrors.IsMissing(exception) || Directory.Exists(path))
        {
            // No such object, unless the root is missing: then it may come back with its disk.
        }
        FolderTree.CheckRoot(root);
        _tree.Prune(name);
    }

    private void MoveInto(string source, string name)
    {
        var target = FolderTree.PathOf(root, name);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                _tree.EnsureParent(name);
                createOnce.Move(source, target, _temporaries.Folder);
                FolderTree.Sync(_tree.ParentOf(name));
                return;
            }
            catch (IOException exception) when (FolderErrors.IsExists(exception))
            {
                throw Taken(name);
            }
            catch (IOException exception) when (exception.HResult == Errno.NotFolder)
            {
                throw FolderErrors.Conflict(name);
            }
            catch (IOException exception) when (FolderErrors.IsMissing(exception))
            {
                FolderTree.CheckRoot(root);
                if (attempt == 3 || !File.Exists(source))
                    throw new CloudException(CloudErrorKind.Transient, $"Somebody else removes folders of '{root}'.", exception);
                _tree.Forget();
            }
        }
    }

    private CloudException Taken(string name)
    {
        if (Directory.Exists(FolderTree.PathOf(root, name)))
            return FolderErrors.Conflict(name);
        // Whoever hears "exists" may rely on it: the writer of it may have failed to make its name durable.
        FolderTree.Sync(_tree.ParentOf(name));
        return FolderErrors.Exists(name);
    }
}
