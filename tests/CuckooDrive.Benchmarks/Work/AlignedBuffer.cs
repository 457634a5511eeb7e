using System.Runtime.InteropServices;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>Memory aligned to a page, as O_DIRECT wants it.</summary>
internal sealed unsafe class AlignedBuffer(int length) : IDisposable
{
    private const int Alignment = 4096;
    private void* _memory = NativeMemory.AlignedAlloc((nuint)length, Alignment);

    public Span<byte> Span => new(_memory, length);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
