using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Mount.Fuse.Session;

namespace CuckooDrive.Mount.Fuse;

/// <summary>Messages to the kernel about its caches.</summary>
public sealed partial class FuseMount : IKernelCache
{
    /// <inheritdoc/>
    public void StoreInPageCache(ulong inode, long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, Buffers.MaximumTransfer)];
            var store = new NotifyStoreOut { NodeId = inode, Offset = (ulong)offset, Size = (uint)part.Length };
            Notify(NotifyCode.Store, in store, part);
            offset += part.Length;
            data = data[part.Length..];
        }
    }

    /// <inheritdoc/>
    public void InvalidateInode(ulong inode, long offset, long length)
    {
        var message = new NotifyInvalidateInodeOut { Inode = inode, Offset = offset, Length = length };
        Notify(NotifyCode.InvalidateInode, in message, default);
    }

    /// <inheritdoc/>
    public void InvalidateEntry(ulong parent, ReadOnlySpan<byte> name)
    {
        var message = new NotifyInvalidateEntryOut { Parent = parent, NameLength = (uint)name.Length };
        Span<byte> terminated = stackalloc byte[name.Length + 1];
        name.CopyTo(terminated);
        terminated[^1] = 0;
        Notify(NotifyCode.InvalidateEntry, in message, terminated);
    }

    private void Notify<T>(NotifyCode code, in T message, ReadOnlySpan<byte> rest)
        where T : unmanaged
    {
        Span<byte> start = stackalloc byte[OutHeader.Size + Unsafe.SizeOf<T>()];
        var header = new OutHeader { Length = (uint)(start.Length + rest.Length), Error = (int)code };
        MemoryMarshal.Write(start, in header);
        MemoryMarshal.Write(start[OutHeader.Size..], in message);
        _session.Notify(start, rest);
    }
}
