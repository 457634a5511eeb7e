namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>All rows, in the order of the report.</summary>
internal static class Rows
{
    public const string Large = "large";
    public const string Small = "small";
    public const string Tree = "tree";
    private const double MostMemory = 400;
    private const double MostObjects = 39;

    public static readonly Row Write = Rate("write", "sequential write 1 GiB, random data, fsync at the end", 1.5);
    public static readonly Row ReadCold = Rate("read-cold", "sequential read 1 GiB, cold mount", 1.0);
    public static readonly Row ReadWarm = Rate("read-warm", "sequential read 1 GiB, warm", 1.5);
    public static readonly Row RandomRead = Operations("random-read", "4 KiB random read over 1 GiB, cold", 1.0);
    public static readonly Row RandomReadWarm = Operations("random-read-warm", "4 KiB random read, the same again", null);
    public static readonly Row RandomReadDirect = Operations("random-read-direct", "4 KiB random read, cold, O_DIRECT", null);
    public static readonly Row RandomWrite = Operations("random-write", "4 KiB random write over 1 GiB, cold, fsync at the end", 2.0);
    public static readonly Row RandomWriteWarm = Operations("random-write-warm", "4 KiB random write, warm, fsync at the end", null);
    public static readonly Row RandomWriteFlush = Operations("random-write-fsync", "4 KiB random write, fsync each", null);
    public static readonly Row WriteText = Rate("write-text", "sequential write 1 GiB, text, fsync at the end", null);
    public static readonly Row ReadText = Rate("read-text", "sequential read 1 GiB, text, cold mount", null);

    public static readonly Row Create = Time("create", Small, "create 5,000 files of 4 KiB in 50 folders", 2.5);
    public static readonly Row StatAll = Time("stat", Small, "list and stat all, cold mount", 1.0);
    public static readonly Row ReadAll = Time("read-all", Small, "read all, cold mount", 2.0);
    public static readonly Row Delete = Time("delete", Small, "delete all", 2.5);
    public static readonly Row CreateFlat = Time("create-flat", Small, "create 5,000 files of 4 KiB in one folder", null);

    public static readonly Row Untar = Time("untar", Tree, "untar a source tree with .git", 2.5);
    public static readonly Row StatusCold = Time("git-status-cold", Tree, "git status, cold mount", 1.5);
    public static readonly Row StatusWarm = Time("git-status-warm", Tree, "git status, warm", 1.0);
    public static readonly Row DiskUsage = Time("du", Tree, "du, cold mount", 1.0);
    public static readonly Row Remove = Time("remove", Tree, "remove the tree", 2.0);

    public static readonly Row CpuWrite = Cost("cpu-write", Large, "processor time for each GiB written, until protected", "s/GiB");
    public static readonly Row CpuRead = Cost("cpu-read", Large, "processor time for each GiB read, cold", "s/GiB");
    public static readonly Row StoredRandom = Cost("stored", Large, "bytes stored for each byte, random data", "");
    public static readonly Row StoredText = Cost("stored-text", Large, "bytes stored for each byte, text", "");
    public static readonly Row StoredSmall = Cost("stored-small", Small, "bytes stored for each byte, files of 4 KiB", "");
    public static readonly Row ObjectsLarge = Cost("objects", Large, "objects stored for 1 GiB", "");
    public static readonly Row ObjectsSmall = Cost("objects-small", Small, "objects stored for 5,000 files of 4 KiB", "") with { Limit = MostObjects };
    public static readonly Row ProtectLarge = Cost("protect", Large, "from fsync until all is protected, 1 GiB", "s");
    public static readonly Row ProtectSmall = Cost("protect-small", Small, "from the last close until all is protected, 5,000 files", "s");
    public static readonly Row Upload = Rate("upload", "upload throughput: stored bytes from first write until protected", null);
    public static readonly Row MemoryLarge = Memory("memory", Large);
    public static readonly Row MemorySmall = Memory("memory-small", Small);
    public static readonly Row MemoryTree = Memory("memory-tree", Tree);

    public static readonly IReadOnlyList<Row> All =
    [
        Write, ReadCold, ReadWarm, RandomRead, RandomReadWarm, RandomReadDirect, RandomWrite, RandomWriteWarm, RandomWriteFlush, WriteText, ReadText,
        Create, StatAll, ReadAll, Delete, CreateFlat, Untar, StatusCold, StatusWarm, DiskUsage, Remove,
        CpuWrite, CpuRead, StoredRandom, StoredText, StoredSmall, ObjectsLarge, ObjectsSmall, ProtectLarge, ProtectSmall, Upload,
        MemoryLarge, MemorySmall, MemoryTree,
    ];

    private static Row Rate(string id, string title, double? target) =>
        new(id, Large, title, "MB/s") { HigherIsBetter = true, Target = target };

    private static Row Operations(string id, string title, double? target) =>
        new(id, Large, title, "/s") { HigherIsBetter = true, Target = target };

    private static Row Time(string id, string group, string title, double? target) => new(id, group, title, "s") { Target = target };

    private static Row Cost(string id, string group, string title, string unit) => new(id, group, title, unit);

    private static Row Memory(string id, string group) =>
        new(id, group, $"peak resident memory, rows of {group}", "MiB") { Limit = MostMemory };
}
