using CsCheck;
using CuckooDrive.Core.Metadata;
using Xunit;

namespace CuckooDrive.Core.Tests.Metadata;

/// <summary>Random operations against a sorted dictionary.</summary>
public sealed class SqliteMetadataStoreModelTests
{
    private static readonly Gen<byte[]> Key = Gen.Byte.Array[1, 3].Select(bytes => bytes.Select(b => (byte)(b & 0x83)).ToArray());
    private static readonly Gen<byte[]> Value = Gen.Byte.Array[0, 600];

    private static readonly Gen<(byte[] Key, byte[]? Value)[]> Batch =
        Gen.Select(Key, Gen.Frequency((3, Value.Select(v => (byte[]?)v)), (1, Gen.Const((byte[]?)null)))).Array[1, 12];

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (8, Gen.Select(Batch, Gen.Bool, (batch, durable) => new Step(batch, durable, false, 0))),
        (1, Gen.Const(new Step(null, false, true, 0))),
        (2, Gen.Double.Unit.Select(part => new Step(null, false, false, part))));

    private sealed record Step((byte[] Key, byte[]? Value)[]? Batch, bool Durable, bool Reopen, double Trim)
    {
        public override string ToString() => Batch is null ? Reopen ? "reopen" : $"trim {Trim}"
            : $"commit {(Durable ? "durably " : "")}{string.Join(" ", Batch.Select(o => $"{Convert.ToHexString(o.Key)}:{o.Value?.Length}"))}";
    }

    [Fact]
    public void BehavesLikeASortedMapWithAJournal() => Steps.Array[1, 25].Sample(steps =>
    {
        using var fixture = new MetadataFixture();
        var model = MetadataFixture.NewModel();
        var journal = new SortedDictionary<long, byte[]>();
        var sequence = 0L;
        foreach (var step in steps)
        {
            if (step.Batch is { } operations)
            {
                var batch = new MetadataBatch();
                foreach (var (key, value) in operations)
                {
                    if (value is null)
                    {
                        batch.Delete(key);
                        model.Remove(key);
                    }
                    else
                    {
                        batch.Put(key, value);
                        model[key] = value;
                    }
                }
                Assert.Equal(++sequence, fixture.Store.Commit(batch, step.Durable));
                journal[sequence] = batch.Encoded.ToArray();
            }
            else if (step.Reopen)
            {
                fixture.Reopen();
            }
            else
            {
                var upTo = (long)(step.Trim * (sequence + 2));
                fixture.Store.TrimJournal(upTo);
                foreach (var old in journal.Keys.Where(s => s <= upTo).ToList())
                    journal.Remove(old);
            }
            Check(fixture.Store, model, journal, sequence);
        }
    }, iter: 40, threads: 1);

    private static void Check(SqliteMetadataStore store, SortedDictionary<byte[], byte[]> model, SortedDictionary<long, byte[]> journal, long sequence)
    {
        Assert.Equal(sequence, store.Sequence);
        foreach (var (key, value) in model)
            Assert.Equal(value, store.Get(key));
        Assert.Null(store.Get([0x82, 0x82, 0x82, 0x82]));
        byte[] from = [1], to = [0x82];
        var expected = model.Where(row => row.Key.AsSpan().SequenceCompareTo(from) >= 0 && row.Key.AsSpan().SequenceCompareTo(to) < 0);
        var found = new List<KeyValuePair<byte[], byte[]>>();
        store.Scan(from, to, (key, value) =>
        {
            found.Add(new(key.ToArray(), value.ToArray()));
            return true;
        });
        Assert.Equal(expected.Select(row => Convert.ToHexString(row.Key) + "=" + Convert.ToHexString(row.Value)),
            found.Select(row => Convert.ToHexString(row.Key) + "=" + Convert.ToHexString(row.Value)));
        var batches = new SortedDictionary<long, byte[]>();
        store.ReadJournal(0, (number, batch) =>
        {
            batches.Add(number, batch.ToArray());
            return true;
        });
        Assert.Equal(journal, batches);
        Assert.Equal(journal.Count, store.CountJournal(0).Batches);
    }
}
