using System.Buffers.Binary;

namespace CuckooDrive.Core.Metadata;

/// <summary>
/// Puts and deletes to be applied together, in order, held in one growing buffer. Also the journal's encoding: for each
/// operation u8 kind (1 put, 2 delete), u8 key length, key, and for a put u32 value length and value (little-endian).
/// Not thread safe; meant to be cleared and used again.
/// </summary>
/// <param name="capacity">Bytes to begin with.</param>
public sealed class MetadataBatch(int capacity = MetadataBatch.UsualCapacity)
{
    private const int UsualCapacity = 4096;
    private const byte KindPut = 1;
    private const byte KindDelete = 2;

    /// <summary>More than a commit of 16,000 new files takes: growing to that again, under the volume's gate, keeps everybody waiting.</summary>
    private const int KeptCapacity = 8 << 20;

    private byte[] _buffer = new byte[capacity];
    private int _length;

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Encoded => _buffer.AsSpan(0, _length);

    public void Clear()
    {
        // One very large batch must not hold its memory for the rest of the mount.
        if (_buffer.Length > KeptCapacity)
            _buffer = new byte[UsualCapacity];
        _length = 0;
        Count = 0;
    }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var target = Reserve(2 + key.Length + 4 + value.Length);
        target[0] = KindPut;
        target[1] = checked((byte)key.Length);
        key.CopyTo(target[2..]);
        BinaryPrimitives.WriteInt32LittleEndian(target[(2 + key.Length)..], value.Length);
        value.CopyTo(target[(6 + key.Length)..]);
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        var target = Reserve(2 + key.Length);
        target[0] = KindDelete;
        target[1] = checked((byte)key.Length);
        key.CopyTo(target[2..]);
    }

    /// <summary>Adds all operations of an encoded batch. Throws <see cref="InvalidDataException"/> on malformed bytes.</summary>
    public void Append(ReadOnlySpan<byte> encoded)
    {
        foreach (var operation in Read(encoded))
        {
            if (operation.IsDelete)
                Delete(operation.Key);
            else
                Put(operation.Key, operation.Value);
        }
    }

    /// <summary>Keeps of several changes of a key only the last.</summary>
    public void Fold()
    {
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        var at = 0;
        foreach (var operation in Read(Encoded))
        {
            last[Convert.ToHexString(operation.Key)] = at;
            at += operation.EncodedLength;
        }
        if (last.Count == Count)
            return;
        // Nothing moves further back than it was, so it is done in place.
        (var end, at, Count) = (_length, 0, 0);
        var kept = 0;
        while (at < end)
        {
            var reader = Read(_buffer.AsSpan(at, end - at));
            reader.MoveNext();
            var length = reader.Current.EncodedLength;
            if (last[Convert.ToHexString(reader.Current.Key)] == at)
            {
                _buffer.AsSpan(at, length).CopyTo(_buffer.AsSpan(kept));
                kept += length;
                Count++;
            }
            at += length;
        }
        _length = kept;
    }

    /// <summary>Walks an encoded batch; <see cref="InvalidDataException"/> on truncated or malformed bytes.</summary>
    public static Reader Read(ReadOnlySpan<byte> encoded) => new(encoded);

    private Span<byte> Reserve(int size)
    {
        if (_length + size > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        var target = _buffer.AsSpan(_length, size);
        _length += size;
        Count++;
        return target;
    }

    public readonly ref struct Operation(bool isDelete, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        public bool IsDelete { get; } = isDelete;
        public ReadOnlySpan<byte> Key { get; } = key;
        public ReadOnlySpan<byte> Value { get; } = value;

        /// <summary>Bytes that it takes in a batch.</summary>
        public int EncodedLength => 2 + Key.Length + (IsDelete ? 0 : 4 + Value.Length);
    }

    public ref struct Reader(ReadOnlySpan<byte> encoded)
    {
        private ReadOnlySpan<byte> _rest = encoded;
        private Operation _current;

        public readonly Operation Current => _current;

        public readonly Reader GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
                return false;
            var kind = Take(1)[0];
            var key = Take(Take(1)[0]);
            _current = kind switch
            {
                KindPut => new Operation(false, key, Take(TakeLength())),
                KindDelete => new Operation(true, key, default),
                _ => throw new InvalidDataException("A metadata batch holds an unknown kind of operation."),
            };
            return true;
        }

        private int TakeLength()
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(Take(4));
            return length >= 0 ? length : throw new InvalidDataException("A metadata batch holds a negative length.");
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
                throw new InvalidDataException("A metadata batch is cut short.");
            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
