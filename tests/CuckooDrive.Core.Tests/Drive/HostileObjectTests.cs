using CuckooDrive.Core.Drives;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Tests.Drives;

/// <summary>
/// One cloud tampers with its objects: every kind of object, in every way. What is tampered with is found, nothing wrong is
/// believed, and what redundancy can mend is mended.
/// </summary>
public sealed class HostileObjectTests
{
    private const int FileCount = 6;

    public enum Tampering
    {
        FlippedBit,
        Truncated,
        Extended,
        Emptied,
        Swapped,
        Foreign,
        Withheld,
    }

    public static TheoryData<string, Tampering> Cases()
    {
        var cases = new TheoryData<string, Tampering>();
        foreach (var kind in new[] { ObjectNames.HeaderPrefix, ObjectNames.MemberPrefix, ObjectNames.JournalPrefix, ObjectNames.RootPrefix, ObjectNames.LeasePrefix, ObjectNames.ShardPrefix })
        {
            foreach (var tampering in Enum.GetValues<Tampering>())
                cases.Add(kind, tampering);
        }
        return cases;
    }

    [Theory]
    [InlineData(ObjectNames.MemberPrefix, KeyPurpose.Member)]
    [InlineData(ObjectNames.JournalPrefix, KeyPurpose.Journal)]
    [InlineData(ObjectNames.RootPrefix, KeyPurpose.Root)]
    [InlineData(ObjectNames.LeasePrefix, KeyPurpose.Lease)]
    public async Task Every_flipped_bit_of_an_object_on_a_cloud_is_found(string kind, KeyPurpose purpose)
    {
        await using var hostile = await MakeAsync();
        using var keys = await UnlockAsync(hostile);
        var sealer = new ObjectSealer(keys);
        var name = (await hostile.ObjectsAsync(0, kind)).MinBy(each => each.Length)!;
        var content = await hostile.GetAsync(0, name);
        Assert.True(sealer.TryOpen(purpose, name, content, out _, out _));
        // Of long objects every seventh bit; seven runs of it would meet each.
        var stride = content.Length > 8192 ? 7 : 1;
        for (var bit = Random.Shared.Next(stride); bit < content.Length * 8; bit += stride)
        {
            content[bit >> 3] ^= (byte)(1 << (bit & 7));
            Assert.False(sealer.TryOpen(purpose, name, content, out _, out _));
            content[bit >> 3] ^= (byte)(1 << (bit & 7));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_new_machine_believes_nothing_that_was_tampered_with(string kind, Tampering tampering)
    {
        await using var hostile = await MakeAsync();
        await TamperAsync(hostile, kind, tampering);
        var report = await hostile.AttachAsync();
        if (IsReadByAttach(kind, tampering))
            Assert.Contains(report.Warnings, warning => warning.Contains("hostile:0", StringComparison.Ordinal) || warning.Contains("header at memory:", StringComparison.Ordinal));
        await hostile.OpenAsync();
        await HostileFiles.CheckAsync(hostile.Drive!, "one", FileCount);
        await HostileFiles.CheckAsync(hostile.Drive!, "two", FileCount);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_same_machine_believes_nothing_that_was_tampered_with_and_mends_it(string kind, Tampering tampering)
    {
        await using var hostile = await MakeAsync();
        await hostile.CloseAsync();
        var honest = await hostile.SnapshotAsync(0);
        await TamperAsync(hostile, kind, tampering);
        await hostile.OpenAsync();
        await HostileFiles.CheckAsync(hostile.Drive!, "one", FileCount);
        await HostileFiles.CheckAsync(hostile.Drive!, "two", FileCount);
        await HostileFiles.WriteAsync(hostile.Drive!, "three", 2);
        if (kind == ObjectNames.MemberPrefix)
        {
            // Who cannot say which member it is, is none: it is told like a cloud that is away, by the first call of the background.
            await DriveFixture.WhileAsync(() => !hostile.Log.Lines.Any(line => line.Text.Contains("hostile:0", StringComparison.Ordinal)));
            return;
        }
        await hostile.FlushAsync();
        await HostileFiles.CheckAsync(hostile.Drive!, "three", 2);
        if (kind is not (ObjectNames.ShardPrefix or ObjectNames.HeaderPrefix) || tampering is Tampering.Truncated or Tampering.Extended or Tampering.FlippedBit)
            return;
        // What reading has met is whole again; the rest a scrub would find.
        var now = await hostile.SnapshotAsync(0);
        Assert.Contains(honest, each => each.Key.StartsWith(kind, StringComparison.Ordinal) && now.TryGetValue(each.Key, out var content) && content.SequenceEqual(each.Value));
        Assert.Equal(0, hostile.Drive!.GetStatus().Warnings.Count(warning => warning.Contains("damaged", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Flipped_bits_of_shards_are_found_by_a_thorough_check()
    {
        await using var hostile = await MakeAsync();
        var shards = await hostile.ObjectsAsync(1, ObjectNames.ShardPrefix);
        Assert.Empty((await hostile.Drive!.CheckAsync(thorough: true)).Findings);
        for (var i = 0; i < 24; i++)
        {
            var name = shards[i % shards.Count];
            var content = await hostile.GetAsync(1, name);
            var changed = content.ToArray();
            changed[Random.Shared.Next(changed.Length)] ^= (byte)(1 << Random.Shared.Next(8));
            await hostile.SetAsync(1, name, changed);
            var report = await hostile.Drive!.CheckAsync(thorough: true);
            Assert.False(report.IsHealthy);
            await hostile.SetAsync(1, name, content);
        }
        Assert.Empty((await hostile.Drive!.CheckAsync(thorough: true)).Findings);
    }

    /// <summary>A drive whose clouds hold objects of every kind, several of most.</summary>
    internal static async Task<HostileDrive> MakeAsync()
    {
        var hostile = await HostileDrive.CreateAsync();
        await HostileFiles.WriteAsync(hostile.Drive!, "one", FileCount);
        await hostile.FlushAsync();
        await hostile.Drive!.CheckpointAsync();
        for (var part = 0; part < 3; part++)
        {
            await HostileFiles.WriteAsync(hostile.Drive!, "two", FileCount * (part == 0 ? 1 : 0));
            await HostileFiles.WriteAsync(hostile.Drive!, $"part{part}-", 1);
            await hostile.FlushAsync();
        }
        return hostile;
    }

    internal static async Task<DriveKeys> UnlockAsync(HostileDrive hostile)
    {
        var bytes = await hostile.GetAsync(0, (await hostile.ObjectsAsync(0, ObjectNames.HeaderPrefix))[0]);
        Assert.True(DriveHeader.TryDecode(bytes, out var header, out _));
        Assert.True(header.TryUnlock(HostileDrive.Passphrase, out var keys));
        return keys;
    }

    private static bool IsReadByAttach(string kind, Tampering tampering) => kind switch
    {
        // A cloud that lacks its claims lacks nothing that the others do not have; shards are read when they are needed.
        ObjectNames.LeasePrefix or ObjectNames.ShardPrefix => false,
        // Nor does one that lacks a header, as long as it tells which member it is.
        ObjectNames.HeaderPrefix => tampering != Tampering.Withheld,
        _ => true,
    };

    /// <summary>Treats every object of a kind on the first cloud.</summary>
    private static async Task TamperAsync(HostileDrive hostile, string kind, Tampering tampering)
    {
        var names = await hostile.ObjectsAsync(0, kind);
        Assert.NotEmpty(names);
        var contents = new List<byte[]>();
        foreach (var name in names)
            contents.Add(await hostile.GetAsync(0, name));
        for (var i = 0; i < names.Count; i++)
        {
            var content = contents[i];
            await hostile.SetAsync(0, names[i], tampering switch
            {
                Tampering.FlippedBit => [.. content[..(content.Length / 3)], (byte)(content[content.Length / 3] ^ 4), .. content[((content.Length / 3) + 1)..]],
                Tampering.Truncated => content[..^1],
                Tampering.Extended => [.. content, 0],
                Tampering.Emptied => [],
                Tampering.Swapped => contents.Count > 1 ? contents[(i + 1) % contents.Count] : await OfOtherKindAsync(hostile, kind),
                Tampering.Foreign => await OfOtherCloudAsync(hostile, kind, i),
                _ => null,
            });
        }
    }

    /// <summary>An object of the same kind that belongs to another cloud, or under another name.</summary>
    private static async Task<byte[]> OfOtherCloudAsync(HostileDrive hostile, string kind, int number)
    {
        var names = await hostile.ObjectsAsync(1, kind);
        var content = await hostile.GetAsync(1, names[number % names.Count]);
        // Headers, journals, roots and claims are the same on every cloud: a change of name is what is foreign then.
        return kind is ObjectNames.MemberPrefix or ObjectNames.ShardPrefix ? content : new byte[content.Length];
    }

    private static async Task<byte[]> OfOtherKindAsync(HostileDrive hostile, string kind)
    {
        var other = kind == ObjectNames.LeasePrefix ? ObjectNames.MemberPrefix : ObjectNames.LeasePrefix;
        return await hostile.GetAsync(0, (await hostile.ObjectsAsync(0, other))[0]);
    }
}
