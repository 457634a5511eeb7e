namespace CuckooDrive.Core.Volume;

/// <summary>
/// An inode in memory. All members are guarded by the volume's gate, except <see cref="Dirty"/>, which
/// <see cref="DataLock"/> guards (taken before the gate, never inside it).
/// </summary>
internal sealed class Inode(ulong number, ExtentMap extents)
{
    public const uint TypeMask = 0xF000;
    public const uint TypeFifo = 0x1000;
    public const uint TypeCharacterDevice = 0x2000;
    public const uint TypeDirectory = 0x4000;
    public const uint TypeBlockDevice = 0x6000;
    public const uint TypeRegular = 0x8000;
    public const uint TypeSymbolicLink = 0xA000;
    public const uint TypeSocket = 0xC000;
    public const uint SetUserId = 0x800;
    public const uint SetGroupId = 0x400;
    public const uint GroupExecute = 0x8;

    /// <summary>A new one, without content.</summary>
    public Inode(ulong number) : this(number, new ExtentMap(isComplete: true))
    {
    }

    public ulong Number { get; } = number;

    public Lock DataLock { get; } = new();

    public uint Mode;
    public uint Uid;
    public uint Gid;
    public uint LinkCount;
    public uint Device;
    public uint Generation = 1;
    public long Size;
    public Timestamp AccessTime;
    public Timestamp ModifyTime;
    public Timestamp ChangeTime;
    public Timestamp BirthTime;

    /// <summary>The target of a symbolic link.</summary>
    public byte[]? LinkTarget;

    /// <summary>Of a directory: the inode of its parent (the root's is itself).</summary>
    public ulong Parent;

    /// <summary>Of a directory: the number of its entries.</summary>
    public long EntryCount;

    /// <summary>Entries in memory; null until first needed.</summary>
    public DirectoryNode? Directory;

    /// <summary>Number of extended attributes; <see cref="ExtendedAttributes"/> is null until loaded.</summary>
    public int ExtendedAttributeCount;
    public SortedDictionary<byte[], byte[]>? ExtendedAttributes;

    public ExtentMap Extents { get; } = extents;
    public DirtyData? Dirty;

    /// <summary>The size that may be recorded: every byte below it that was written is in a chunk. At most <see cref="Size"/>.</summary>
    public long PersistSize;

    /// <summary>What the kernel may still hold below <see cref="Size"/>; null when it is known to hold nothing there.</summary>
    public AwaitedRanges? Awaited;

    /// <summary>The last error of a background flush, reported once by the next sync of the file.</summary>
    public FsError PendingError;

    /// <summary>How often a flush of its data has failed.</summary>
    public int FailedFlushes;

    public int OpenCount;

    /// <summary>Handles open for writing, and truncations under way.</summary>
    public int WriterCount;

    /// <summary>How often <see cref="WriterCount"/> has risen: tells whether there was a writer in between.</summary>
    public long WriterGeneration;

    /// <summary>Set while content is being put into the kernel's page cache; a writer waits for its end.</summary>
    public Task? Storing;
    public long KernelReferences;

    /// <summary>The record must be written by the next commit.</summary>
    public bool IsChanged;

    /// <summary>The access time in memory is newer than the one recorded; nothing else is.</summary>
    public bool IsAccessed;

    /// <summary>A row of this inode is, or is about to be, in the store.</summary>
    public bool IsStored;

    /// <summary>Set while an orphan row exists in the store or the pending batch.</summary>
    public bool HasOrphanRow;

    /// <summary>Gone for good: nothing of it is written any more.</summary>
    public bool IsDeleted;

    /// <summary>For eviction: touched since the clock hand passed.</summary>
    public bool IsRecent = true;

    public uint Type => Mode & TypeMask;
    public bool IsDirectory => Type == TypeDirectory;
    public bool IsRegular => Type == TypeRegular;
    public bool IsSymbolicLink => Type == TypeSymbolicLink;

    /// <summary>Computes <see cref="PersistSize"/> again. Under the data lock and the gate.</summary>
    public void UpdatePersistSize()
    {
        var stable = Dirty?.StableSize(PersistSize, Size) ?? Size;
        if (Awaited is not null)
            stable = Math.Max(Math.Min(stable, Awaited.First), Math.Min(PersistSize, Size));
        PersistSize = stable;
    }

    public Attributes ToAttributes() => new()
    {
        Inode = Number,
        Mode = Mode,
        LinkCount = LinkCount,
        Uid = Uid,
        Gid = Gid,
        Device = Device,
        Size = IsDirectory ? 4096 : IsSymbolicLink ? LinkTarget!.Length : Size,
        Blocks = CountBlocks(),
        AccessTime = AccessTime,
        ModifyTime = ModifyTime,
        ChangeTime = ChangeTime,
        BirthTime = BirthTime,
    };

    public Entry ToEntry() => new() { Attributes = ToAttributes(), Generation = Generation };

    /// <summary>Space in units of 512 bytes: what is mapped and what is still on its way, rounded up to 4 KiB.</summary>
    private long CountBlocks()
    {
        if (!IsRegular)
            return IsDirectory ? 8 : 0;
        var bytes = Extents.MappedBytes + (Dirty?.HeldBytes ?? 0);
        return Math.Min(RoundUp(bytes), RoundUp(Math.Max(Size, Extents.MappedBytes))) / 512;
    }

    private static long RoundUp(long bytes) => bytes > long.MaxValue - 4096 ? long.MaxValue & ~4095 : (bytes + 4095) & ~4095L;
}
