using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Packs directory entries into a reply as the kernel wants them.</summary>
internal sealed class DirectoryReply : IDirectorySink
{
    private const int Alignment = 8;

    private Memory<byte> _buffer;
    private bool _plus;

    /// <summary>Bytes filled in.</summary>
    public int Length { get; private set; }

    public void Begin(Memory<byte> buffer, bool plus)
    {
        _buffer = buffer;
        _plus = plus;
        Length = 0;
    }

    public void Clear()
    {
        _buffer = default;
        Length = 0;
    }

    public bool TryAdd(ReadOnlySpan<byte> name, ulong cookie, in Entry entry)
    {
        var headSize = _plus ? Unsafe.SizeOf<DirEntryPlus>() : Unsafe.SizeOf<DirEntry>();
        var size = (headSize + name.Length + Alignment - 1) & -Alignment;
        var target = _buffer.Span[Length..];
        if (size > target.Length)
            return false;
        var dirEntry = new DirEntry
        {
            Inode = entry.Attributes.Inode,
            Cookie = cookie,
            NameLength = (uint)name.Length,
            Type = (entry.Attributes.Mode & LinuxConstants.TypeMask) >> 12,
        };
        if (_plus)
        {
            // "." and ".." carry no node, nor does what has no attributes: the kernel takes no reference for them.
            var plus = new DirEntryPlus { DirEntry = dirEntry };
            if (!IsDot(name) && entry.Attributes.LinkCount > 0)
                plus.Entry = AttributeCodec.ToEntryOut(in entry);
            MemoryMarshal.Write(target, in plus);
        }
        else
        {
            MemoryMarshal.Write(target, in dirEntry);
        }
        name.CopyTo(target[headSize..]);
        target[(headSize + name.Length)..size].Clear();
        Length += size;
        return true;
    }

    /// <summary>Gives back the references of all packed entries, for a reply that the kernel did not take.</summary>
    public void ForgetEntries(IFileSystem fileSystem)
    {
        if (!_plus)
            return;
        var rest = _buffer.Span[..Length];
        while (!rest.IsEmpty)
        {
            var entry = MemoryMarshal.Read<DirEntryPlus>(rest);
            if (entry.Entry.NodeId != 0)
                fileSystem.Forget(entry.Entry.NodeId, 1);
            var size = Unsafe.SizeOf<DirEntryPlus>() + (int)entry.DirEntry.NameLength;
            rest = rest[((size + Alignment - 1) & -Alignment)..];
        }
    }

    private static bool IsDot(ReadOnlySpan<byte> name) => name.SequenceEqual("."u8) || name.SequenceEqual(".."u8);
}
