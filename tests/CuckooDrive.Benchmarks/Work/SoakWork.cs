using System.Diagnostics;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>
/// A mixed load for a given time on a working set that does not grow: files of 4 KiB to 8 MiB are written, overwritten in
/// part, read, renamed and deleted, one after another, with an fsync now and then.
/// </summary>
internal sealed class SoakWork
{
    private const int Slots = 400;
    private const int LargestPower = 12;
    private readonly DataPool _pool = new(DataKind.Random, 3);
    private readonly Random _random = new(3);
    private readonly long[] _lengths = new long[Slots];
    private readonly string _root;
    private long _bytes;
    private int _generation;

    private SoakWork(string root) => _root = root;

    public static WorkResult Run(string root, double minutes)
    {
        var soak = new SoakWork(root);
        Directory.CreateDirectory(root);
        long operations = 0;
        var clock = Stopwatch.StartNew();
        for (; clock.Elapsed.TotalMinutes < minutes; operations++)
            soak.Step();
        return new WorkResult(clock.Elapsed.TotalSeconds, operations, soak._bytes);
    }

    private void Step()
    {
        var slot = _random.Next(Slots);
        var path = PathOf(slot);
        if (_lengths[slot] == 0)
        {
            Create(path, slot);
            return;
        }
        switch (_random.Next(6))
        {
            case 0:
                File.Delete(path);
                _lengths[slot] = 0;
                break;
            case 1:
                File.Move(path, path + ".new");
                File.Move(path + ".new", path);
                break;
            case 2:
                Overwrite(path, slot);
                break;
            default:
                Read(path, slot);
                break;
        }
    }

    private void Create(string path, int slot)
    {
        var length = (long)DataPool.PageLength << _random.Next(LargestPower);
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        for (long offset = 0; offset < length;)
        {
            var part = (int)Math.Min(1 << 20, length - offset);
            RandomAccess.Write(file, _pool.Take(slot, offset, part, ++_generation & 0xFFFF).Span, offset);
            offset += part;
        }
        if (_random.Next(8) == 0)
            RandomAccess.FlushToDisk(file);
        _lengths[slot] = length;
        _bytes += length;
    }

    private void Overwrite(string path, int slot)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (var count = 0; count < 16; count++)
        {
            var offset = _random.NextInt64(_lengths[slot] / DataPool.PageLength) * DataPool.PageLength;
            RandomAccess.Write(file, _pool.Take(slot, offset, DataPool.PageLength, ++_generation & 0xFFFF).Span, offset);
            _bytes += DataPool.PageLength;
        }
        if (_random.Next(4) == 0)
            RandomAccess.FlushToDisk(file);
    }

    private void Read(string path, int slot)
    {
        var content = File.ReadAllBytes(path);
        if (content.Length != _lengths[slot])
            throw new InvalidDataException($"'{path}' has {content.Length} bytes instead of {_lengths[slot]}.");
        DataPool.Check(content, slot, 0);
        _bytes += content.Length;
    }

    private string PathOf(int slot) => Path.Combine(_root, $"soak-{slot:d4}");
}
