using System.Buffers.Binary;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>Content that may break its word about its length.</summary>
internal sealed class TestContent(long length, Func<Stream> open) : CloudContent
{
    public override long Length => length;

    public override Stream Open() => open();
}

/// <summary>A stream of made-up or given bytes that can throw, block or trickle on the way.</summary>
internal sealed class TestStream(long length, byte[]? data = null) : ReadOnlyStream
{
    private long _position;

    /// <summary>The most bytes that one read returns.</summary>
    public int MostAtOnce { get; init; } = int.MaxValue;

    /// <summary>Where to stop and await <see cref="Pause"/>; never if negative.</summary>
    public long PauseAt { get; init; } = -1;

    public Func<CancellationToken, Task> Pause { get; init; } = static _ => Task.CompletedTask;

    public Action OnRead { get; init; } = static () => { };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        OnRead();
        if (PauseAt >= 0 && _position >= PauseAt)
            await Pause(cancellationToken).ConfigureAwait(false);
        var count = (int)Math.Min(Math.Min(buffer.Length, MostAtOnce), length - _position);
        if (data is not null)
            data.AsSpan((int)_position, count).CopyTo(buffer.Span);
        else
            MakeUp(_position, buffer.Span[..count]);
        _position += count;
        return count;
    }

    // Each byte depends on its position alone, so that any part can be checked by itself.
    private static void MakeUp(long position, Span<byte> buffer)
    {
        Span<byte> word = stackalloc byte[8];
        for (var index = 0; index < buffer.Length;)
        {
            var at = position + index;
            BinaryPrimitives.WriteUInt64LittleEndian(word, (ulong)(at / 8) * 0x9E3779B97F4A7C15UL);
            var inWord = (int)(at % 8);
            var count = Math.Min(8 - inWord, buffer.Length - index);
            word.Slice(inWord, count).CopyTo(buffer[index..]);
            index += count;
        }
    }
}
