using CsCheck;

namespace CuckooDrive.Format.Tests;

public sealed class ObjectNamesTests
{
    private static readonly PackId SomePack = new("foobarfoobarfoob"u8);

    [Fact]
    public void Names_look_as_specified()
    {
        Assert.Equal("header/12", ObjectNames.Header(12));
        Assert.Equal("shard/mz/mzxw6ytbojtg633cmfzgm33pmi-3", ObjectNames.Shard(SomePack, 3));
        Assert.Equal("journal/000000000000000a-00000000000000ff", ObjectNames.Journal(10, 255));
        Assert.Equal("root/0000000000000001-0000000000000002", ObjectNames.Root(1, 2));
        Assert.Equal("lease/0000000000000001-ffffffffffffffff", ObjectNames.Lease(1, ulong.MaxValue));
        Assert.Equal("member/00ff", ObjectNames.Member(255));
    }

    [Fact]
    public void Every_name_is_read_back() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Byte.Array[16], Gen.Int[0, 254], Gen.Int[0, int.MaxValue], Gen.UShort)
            .Sample((first, second, pack, index, number, cloud) =>
            {
                Assert.True(ObjectNames.TryParseHeader(ObjectNames.Header(number), out var n) && n == number);
                Assert.True(ObjectNames.TryParseShard(ObjectNames.Shard(new PackId(pack), index), out var p, out var i));
                Assert.Equal((new PackId(pack), index), (p, i));
                Assert.True(ObjectNames.TryParseJournal(ObjectNames.Journal(first, second), out var e, out var s));
                Assert.Equal((first, second), (e, s));
                Assert.True(ObjectNames.TryParseRoot(ObjectNames.Root(first, second), out e, out s));
                Assert.Equal((first, second), (e, s));
                Assert.True(ObjectNames.TryParseLease(ObjectNames.Lease(first, second), out e, out s));
                Assert.Equal((first, second), (e, s));
                Assert.True(ObjectNames.TryParseMember(ObjectNames.Member(cloud), out var c) && c == cloud);
            });

    [Theory]
    [InlineData("")]
    [InlineData("header/")]
    [InlineData("header/01")]
    [InlineData("header/+1")]
    [InlineData("header/ 1")]
    [InlineData("header/2147483648")]
    [InlineData("Header/1")]
    [InlineData("shard/mz/mzxw6ytbojtg633cmfzgm33pmi-255")]
    [InlineData("shard/mz/mzxw6ytbojtg633cmfzgm33pmi-03")]
    [InlineData("shard/mz/mzxw6ytbojtg633cmfzgm33pmi-")]
    [InlineData("shard/mz/mzxw6ytbojtg633cmfzgm33pmi_3")]
    [InlineData("shard/aa/mzxw6ytbojtg633cmfzgm33pmi-3")]
    [InlineData("shard/mz/mzxw6ytbojtg633cmfzgm33pmi-3.tmp")]
    [InlineData("journal/000000000000000A-00000000000000ff")]
    [InlineData("journal/00000000000000a-00000000000000ff")]
    [InlineData("journal/000000000000000a-00000000000000ff0")]
    [InlineData("journal/000000000000000a_00000000000000ff")]
    [InlineData("root/+00000000000000a-00000000000000ff")]
    [InlineData("member/00FF")]
    [InlineData("member/000ff")]
    public void No_other_spelling_is_a_name(string name)
    {
        Assert.False(ObjectNames.TryParseHeader(name, out _));
        Assert.False(ObjectNames.TryParseShard(name, out _, out _));
        Assert.False(ObjectNames.TryParseJournal(name, out _, out _));
        Assert.False(ObjectNames.TryParseRoot(name, out _, out _));
        Assert.False(ObjectNames.TryParseLease(name, out _, out _));
        Assert.False(ObjectNames.TryParseMember(name, out _));
    }

    [Fact]
    public void Random_text_is_never_an_error() => Gen.String[0, 60].Sample(name =>
    {
        foreach (var prefix in new[] { "", "header/", "shard/mz/", "journal/", "root/", "lease/", "member/" })
        {
            ObjectNames.TryParseHeader(prefix + name, out _);
            ObjectNames.TryParseShard(prefix + name, out _, out _);
            ObjectNames.TryParseJournal(prefix + name, out _, out _);
            ObjectNames.TryParseRoot(prefix + name, out _, out _);
            ObjectNames.TryParseLease(prefix + name, out _, out _);
            ObjectNames.TryParseMember(prefix + name, out _);
        }
    });

    [Fact]
    public void Numbers_in_names_sort_as_text() =>
        Gen.Select(Gen.ULong, Gen.ULong).Sample((a, b) =>
            Assert.Equal(Math.Sign(a.CompareTo(b)), Math.Sign(string.CompareOrdinal(ObjectNames.Journal(a, 0), ObjectNames.Journal(b, 0)))));

    [Fact]
    public void Bad_numbers_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ObjectNames.Header(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ObjectNames.Shard(SomePack, 255));
        Assert.Throws<ArgumentOutOfRangeException>(() => ObjectNames.Shard(SomePack, -1));
    }
}
