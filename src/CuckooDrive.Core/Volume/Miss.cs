namespace CuckooDrive.Core.Volume;

internal enum MissKind : byte
{
    None,
    Inode,
    Entry,
    Directory,
    DirectoryAndInodes,
    InodesAfter,
    Region,
    RegionsFrom,
    ExtendedAttributes,
}

/// <summary>What an operation needs that is not in memory. The operation has changed nothing yet and is run again.</summary>
internal struct Miss
{
    public MissKind Kind;
    public ulong Inode;
    /// <summary>A region, or for <see cref="MissKind.InodesAfter"/> a directory cookie.</summary>
    public long Region;
    public ReadOnlyMemory<byte> Name;

    public readonly bool IsNone => Kind == MissKind.None;
}

/// <summary>
/// A namespace operation as a value: run under the gate, again after each miss. It must not change anything before it knows
/// that nothing is missing.
/// </summary>
internal interface IOperation<T>
{
    FsResult<T> Run(Volume volume, ref Miss miss);
}
