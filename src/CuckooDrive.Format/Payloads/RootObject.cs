using System.Diagnostics.CodeAnalysis;

namespace CuckooDrive.Format;

/// <summary>
/// The content of a root: where the pages of a metadata checkpoint lie, and where the journal goes on. All that a machine
/// without any state needs, besides the keys, to read the checkpoint. Sealed with <see cref="KeyPurpose.Root"/> and the
/// object's name as context.
/// </summary>
public sealed record RootObject
{
    private const byte Version = 1;

    public required ulong Epoch { get; init; }

    /// <summary>Counts from 0 within the epoch.</summary>
    public required ulong Index { get; init; }

    /// <summary>The device that wrote it.</summary>
    public ulong Device { get; init; }

    /// <summary>When it was written, in milliseconds since 1970 UTC by the writer's clock.</summary>
    public long Time { get; init; }

    /// <summary>The last commit that the checkpoint contains.</summary>
    public required long Sequence { get; init; }

    /// <summary><see cref="ObjectHash"/> of the root before, zeros in the first of a drive.</summary>
    public required byte[] Previous { get; init; }

    /// <summary>The epoch of <see cref="NextJournalIndex"/>.</summary>
    public required ulong NextJournalEpoch { get; init; }

    /// <summary>The first journal segment with commits after <see cref="Sequence"/>.</summary>
    public required ulong NextJournalIndex { get; init; }

    /// <summary><see cref="ObjectHash"/> of the journal segment before that one, zeros when there is none: its <see cref="JournalSegment.Previous"/> must match.</summary>
    public required byte[] PreviousJournal { get; init; }

    /// <summary>The numbers of the drive's clouds.</summary>
    public IReadOnlyList<ushort> Clouds { get; init; } = [];

    /// <summary>The packs in which pages lie.</summary>
    public IReadOnlyList<RootPack> Packs { get; init; } = [];

    /// <summary>The checkpoint's pages in key order.</summary>
    public IReadOnlyList<RootPage> Pages { get; init; } = [];

    public byte[] Encode()
    {
        var writer = new PayloadWriter(Version, 256 + Packs.Count * 128 + Pages.Count * RootPage.EncodedLength);
        writer.U64(Epoch);
        writer.U64(Index);
        writer.U64(Device);
        writer.I64(Time);
        writer.I64(Sequence);
        writer.Bytes(Previous, ObjectHash.Length);
        writer.U64(NextJournalEpoch);
        writer.U64(NextJournalIndex);
        writer.Bytes(PreviousJournal, ObjectHash.Length);
        writer.I32(Clouds.Count);
        foreach (var cloud in Clouds)
            writer.U16(cloud);
        writer.I32(Packs.Count);
        foreach (var pack in Packs)
            pack.Write(writer);
        writer.I32(Pages.Count);
        foreach (var page in Pages)
            page.Write(writer);
        return writer.ToArray();
    }

    public static bool TryDecode(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out RootObject? root)
    {
        var reader = new PayloadReader(payload, Version);
        var read = new RootObject
        {
            Epoch = reader.U64(),
            Index = reader.U64(),
            Device = reader.U64(),
            Time = reader.I64(),
            Sequence = reader.I64(),
            Previous = reader.Bytes(ObjectHash.Length),
            NextJournalEpoch = reader.U64(),
            NextJournalIndex = reader.U64(),
            PreviousJournal = reader.Bytes(ObjectHash.Length),
            Clouds = ReadClouds(ref reader),
            Packs = ReadPacks(ref reader),
        };
        read = read with { Pages = ReadPages(ref reader, read.Packs) };
        reader.Require(read.Sequence >= 0);
        root = reader.IsComplete ? read : null;
        return root is not null;
    }

    private static ushort[] ReadClouds(ref PayloadReader reader)
    {
        var clouds = new ushort[reader.Count(2)];
        for (var i = 0; i < clouds.Length; i++)
            clouds[i] = reader.U16();
        return clouds;
    }

    private static RootPack[] ReadPacks(ref PayloadReader reader)
    {
        var packs = new RootPack[reader.Count(RootPack.MinimumEncodedLength)];
        for (var i = 0; i < packs.Length && !reader.Failed; i++)
            packs[i] = RootPack.Read(ref reader);
        return packs;
    }

    private static RootPage[] ReadPages(ref PayloadReader reader, IReadOnlyList<RootPack> packs)
    {
        var pages = new RootPage[reader.Count(RootPage.EncodedLength)];
        for (var i = 0; i < pages.Length && !reader.Failed; i++)
            pages[i] = RootPage.Read(ref reader, packs);
        return pages;
    }
}
