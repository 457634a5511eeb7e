using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CuckooDrive.Clouds.Providers.Folder;

/// <summary>Copies a part of a local file, by the kernel where it can, through a pooled buffer elsewhere.</summary>
internal static class FileCopy
{
    /// <summary>How much is copied between two looks at the cancellation.</summary>
    private const long Step = 4 << 20;

    public static void Append(PendingFile target, FileSlice slice, CancellationToken cancellationToken)
    {
        using var source = OpenSource(slice);
        if (OperatingSystem.IsLinux() && TryCopyByKernel(source, target, slice, cancellationToken))
            return;

        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(FolderWriter.BufferSize, Math.Max(1, slice.Length)));
        try
        {
            while (target.Length < slice.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var wanted = (int)Math.Min(buffer.Length, slice.Length - target.Length);
                var read = ReadSource(source, buffer.AsSpan(0, wanted), slice.Offset + target.Length);
                target.Append(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>False when the two file systems cannot; what was copied before stays and counts.</summary>
    private static bool TryCopyByKernel(
        SafeFileHandle source, PendingFile target, FileSlice slice, CancellationToken cancellationToken)
    {
        while (target.Length < slice.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var from = slice.Offset + target.Length;
            var to = target.Length;
            var wanted = Math.Min(Step, slice.Length - target.Length);
            nint copied;
            try
            {
                copied = Libc.CopyFileRange(source, ref from, target.Handle, ref to, (nuint)wanted, 0);
            }
            catch (EntryPointNotFoundException)
            {
                return false;
            }
            if (copied < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.Interrupted)
                    continue;
                // Not said whether reading or writing failed: the plain copy finds out, and its errors are exact.
                return false;
            }
            // Some file systems answer 0 for files that they make up; the plain copy knows whether it is the end.
            if (copied == 0)
                return false;
            target.Advance(copied);
        }
        return true;
    }

    private static SafeFileHandle OpenSource(FileSlice slice)
    {
        try
        {
            return File.OpenHandle(slice.Path, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (FolderErrors.IsSystem(exception))
        {
            throw ContentReader.Unreadable(exception);
        }
    }

    private static int ReadSource(SafeFileHandle source, Span<byte> buffer, long offset)
    {
        int read;
        try
        {
            read = RandomAccess.Read(source, buffer, offset);
        }
        catch (Exception exception) when (FolderErrors.IsSystem(exception))
        {
            throw ContentReader.Unreadable(exception);
        }
        return read > 0 ? read : throw ContentReader.Mismatch("shorter");
    }
}
