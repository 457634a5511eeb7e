using System.Globalization;

namespace CuckooDrive.Format;

/// <summary>
/// The names of a drive's objects: lower case, the same on every provider. Each has a parser that accepts exactly what the
/// writer gives, so that an object has one name. Numbers in hex have a fixed width, so that names sort by number.
/// </summary>
public static class ObjectNames
{
    public const string HeaderPrefix = "header/";
    public const string ShardPrefix = "shard/";
    public const string JournalPrefix = "journal/";
    public const string RootPrefix = "root/";
    public const string LeasePrefix = "lease/";
    public const string MemberPrefix = "member/";

    private const int Hex64 = 16;
    private const int Hex16 = 4;

    /// <summary>A header; the highest valid number wins.</summary>
    public static string Header(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return HeaderPrefix + number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A shard, in one of 1,024 folders so that none grows beyond what consumer clouds list well.</summary>
    public static string Shard(PackId pack, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, PackLayout.MaximumShards);
        var text = pack.ToString();
        return string.Create(CultureInfo.InvariantCulture, $"{ShardPrefix}{text.AsSpan(0, 2)}/{text}-{index}");
    }

    /// <summary>A journal segment: its index counts from 0 within the epoch.</summary>
    public static string Journal(ulong epoch, ulong index) => Pair(JournalPrefix, epoch, index);

    /// <summary>A root: its index counts from 0 within the epoch.</summary>
    public static string Root(ulong epoch, ulong index) => Pair(RootPrefix, epoch, index);

    /// <summary>A device's claim to write in an epoch.</summary>
    public static string Lease(ulong epoch, ulong device) => Pair(LeasePrefix, epoch, device);

    /// <summary>Tells which member of the drive the cloud that holds this object is.</summary>
    public static string Member(ushort cloud) => string.Create(CultureInfo.InvariantCulture, $"{MemberPrefix}{cloud:x4}");

    public static bool TryParseHeader(string name, out int number)
    {
        number = 0;
        return name.StartsWith(HeaderPrefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(HeaderPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && name == Header(number);
    }

    public static bool TryParseShard(string name, out PackId pack, out int index)
    {
        const int idStart = 9; // "shard/", two characters, "/"
        pack = default;
        index = 0;
        return name.Length > idStart + PackId.TextLength + 1
            && PackId.TryParse(name.AsSpan(idStart, PackId.TextLength), out pack)
            && int.TryParse(name.AsSpan(idStart + PackId.TextLength + 1), NumberStyles.None, CultureInfo.InvariantCulture, out index)
            && index < PackLayout.MaximumShards
            && name == Shard(pack, index);
    }

    public static bool TryParseJournal(string name, out ulong epoch, out ulong index) =>
        TryParsePair(name, JournalPrefix, out epoch, out index);

    public static bool TryParseRoot(string name, out ulong epoch, out ulong index) =>
        TryParsePair(name, RootPrefix, out epoch, out index);

    public static bool TryParseLease(string name, out ulong epoch, out ulong device) =>
        TryParsePair(name, LeasePrefix, out epoch, out device);

    public static bool TryParseMember(string name, out ushort cloud)
    {
        cloud = 0;
        return name.Length == MemberPrefix.Length + Hex16
            && ushort.TryParse(name.AsSpan(MemberPrefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out cloud)
            && name == Member(cloud);
    }

    private static string Pair(string prefix, ulong first, ulong second) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{first:x16}-{second:x16}");

    private static bool TryParsePair(string name, string prefix, out ulong first, out ulong second)
    {
        first = second = 0;
        return name.Length == prefix.Length + Hex64 + 1 + Hex64
            && ulong.TryParse(name.AsSpan(prefix.Length, Hex64), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out first)
            && ulong.TryParse(name.AsSpan(prefix.Length + Hex64 + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out second)
            && name == Pair(prefix, first, second);
    }
}
