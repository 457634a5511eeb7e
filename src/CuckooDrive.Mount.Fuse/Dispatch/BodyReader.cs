using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CuckooDrive.Mount.Fuse.Dispatch;

/// <summary>Takes a request's body apart from front to back; every length is checked.</summary>
internal ref struct BodyReader(ReadOnlyMemory<byte> body)
{
    private ReadOnlyMemory<byte> _rest = body;

    public readonly int Remaining => _rest.Length;

    public bool TryTake<T>(out T value)
        where T : unmanaged
    {
        if (_rest.Length < Unsafe.SizeOf<T>())
        {
            value = default;
            return false;
        }
        value = MemoryMarshal.Read<T>(_rest.Span);
        _rest = _rest[Unsafe.SizeOf<T>()..];
        return true;
    }

    /// <summary>A name that is not empty, has a NUL behind it and no slash within.</summary>
    public bool TryTakeName(out ReadOnlyMemory<byte> name) => TryTakeString(out name) && !name.Span.Contains((byte)'/');

    /// <summary>Bytes that are not empty and have a NUL behind them.</summary>
    public bool TryTakeString(out ReadOnlyMemory<byte> text)
    {
        var end = _rest.Span.IndexOf((byte)0);
        if (end <= 0)
        {
            text = default;
            return false;
        }
        text = _rest[..end];
        _rest = _rest[(end + 1)..];
        return true;
    }

    public bool TryTakeBytes(uint length, out ReadOnlyMemory<byte> bytes)
    {
        if (length > (uint)_rest.Length)
        {
            bytes = default;
            return false;
        }
        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    public bool TrySkip(int length) => TryTakeBytes((uint)length, out _);
}
