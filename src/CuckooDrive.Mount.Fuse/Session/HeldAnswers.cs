using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>
/// Answers to small writes that follow each other, held back until the device has no more to read and then sent in reverse. The kernel sends
/// a file's dirty pages in order, and fsync(2) waits for one after the other: answered in that order, each wakes it, only to let it
/// wait for the next (docs/decisions/0002). For one reader's thread.
/// </summary>
internal sealed class HeldAnswers(FuseDevice device)
{
    private readonly Answer[] _answers = new Answer[InitNegotiation.MaxBackground];
    private int _count;
    private int _age;
    private bool _isSeries;
    private bool _mayHold;

    public bool IsEmpty => _count == 0;

    /// <summary>To be told of each request before it is handled, so that nothing is held for longer than a few of them.</summary>
    public void Next(bool isSmallWrite)
    {
        _mayHold = isSmallWrite && _isSeries;
        _isSeries = isSmallWrite;
        if (!isSmallWrite || ++_age == _answers.Length)
            Send();
    }

    /// <summary>False when this one is to be answered at once: the request before it was another, so perhaps somebody waits for this page alone.</summary>
    public bool TryHold(ulong unique, int written)
    {
        if (!_mayHold)
            return false;
        _answers[_count++] = new Answer
        {
            Header = new OutHeader { Length = (uint)Unsafe.SizeOf<Answer>(), Unique = unique },
            Body = new WriteOut { Size = (uint)written },
        };
        return true;
    }

    /// <summary>What the kernel says to an answer does not matter: it refuses those of an aborted connection.</summary>
    public void Send()
    {
        while (_count > 0)
            _ = device.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<Answer>(in _answers[--_count])), default);
        _age = 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Answer
    {
        public OutHeader Header;
        public WriteOut Body;
    }
}
