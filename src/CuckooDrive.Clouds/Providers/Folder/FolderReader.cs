using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>Reads objects of a folder. Thread safe; all members but <see cref="TryReadCached"/> and ReadAsync may block.</summary>
internal sealed class FolderReader(string root, TimeProvider time) : IDisposable
{
    private readonly HandleCache _files = new(time);

    /// <summary>Set once the file system turns out not to know reads that do not wait.</summary>
    private volatile bool _alwaysWaits = !OperatingSystem.IsLinux() || !Environment.Is64BitProcess;

    /// <summary>
    /// Reads what lies in the kernel's page cache, if the file is open and all of it does: the common case, without a hop to
    /// another thread and without an allocation. Never waits for a disk.
    /// </summary>
    public bool TryReadCached(string name, long offset, Span<byte> destination, out int read)
    {
        read = 0;
        if (_alwaysWaits || _files.Find(name) is not { } file)
            return false;
        try
        {
            var wanted = (int)Math.Clamp(file.Length - offset, 0, destination.Length);
            if (wanted > 0)
                read = ReadNoWait(file.Handle, offset, destination[..wanted]);
            return read == wanted;
        }
        finally
        {
            file.Release();
        }
    }

    /// <summary>Reads on another thread, through a buffer of its own that a hanging disk may keep after cancellation.</summary>
    public async ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, IoThreads threads, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(destination.Length);
        var length = destination.Length;
        var read = await threads.RunAsync(() => ReadWaiting(name, offset, buffer.AsSpan(0, length)), cancellationToken)
            .ConfigureAwait(false);
        buffer.AsSpan(0, read).CopyTo(destination.Span);
        // Not after a failure: the read may still be under way.
        ArrayPool<byte>.Shared.Return(buffer);
        return read;
    }

    /// <summary>A handle of its own for the caller, who disposes it.</summary>
    public SafeFileHandle Open(string name)
    {
        try
        {
            return File.OpenHandle(FolderTree.PathOf(root, name), share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (FolderErrors.IsMissing(exception))
        {
            FolderTree.CheckRoot(root);
            throw FolderErrors.Missing(name);
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(FolderTree.PathOf(root, name)))
        {
            throw FolderErrors.Missing(name);
        }
    }

    public CloudObject? Stat(string name)
    {
        var path = FolderTree.PathOf(root, name);
        try
        {
            // Throws for every trouble but a missing file, where FileInfo.Exists would answer a quiet "no".
            if ((File.GetAttributes(path) & FileAttributes.Directory) != 0)
                return null;
            var info = new FileInfo(path);
            return new CloudObject(name, info.Length, info.LastWriteTimeUtc);
        }
        catch (Exception exception) when (FolderErrors.IsMissing(exception))
        {
            FolderTree.CheckRoot(root);
            return null;
        }
    }

    public void Forget(string name) => _files.Invalidate(name);

    public void Dispose() => _files.Dispose();

    private int ReadWaiting(string name, long offset, Span<byte> destination)
    {
        try
        {
            var file = _files.Find(name) ?? _files.Add(name, Open(name));
            try
            {
                return ReadFully(file.Handle, offset, destination);
            }
            finally
            {
                file.Release();
            }
        }
        catch (Exception exception) when (FolderErrors.IsSystem(exception))
        {
            throw FolderErrors.Map(exception, root);
        }
    }

    private static int ReadFully(SafeFileHandle handle, long offset, Span<byte> destination)
    {
        var total = 0;
        while (total < destination.Length)
        {
            var read = RandomAccess.Read(handle, destination[total..], offset + total);
            if (read == 0)
                break;
            total += read;
        }
        return total;
    }

    private unsafe int ReadNoWait(SafeFileHandle handle, long offset, Span<byte> destination)
    {
        fixed (byte* start = destination)
        {
            var vector = new Libc.IoVector { Base = start, Length = (nuint)destination.Length };
            nint read;
            try
            {
                read = Libc.Read(handle, &vector, 1, offset, Libc.NoWait);
            }
            catch (EntryPointNotFoundException)
            {
                _alwaysWaits = true;
                return -1;
            }
            if (read < 0 && Errno.MeansUnsupported(Marshal.GetLastPInvokeError()))
                _alwaysWaits = true;
            return (int)read;
        }
    }
}
