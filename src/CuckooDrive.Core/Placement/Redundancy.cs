namespace CuckooDrive.Core.Placement;

/// <summary>
/// How a pack is spread: any <see cref="DataShards"/> of its <see cref="Width"/> shards, each in another failure domain,
/// bring it back.
/// </summary>
public readonly record struct Redundancy
{
    /// <summary>More data shards than this make each pack depend on too many clouds for little saved space.</summary>
    public const int MaximumDataShards = 10;

    public const int MaximumParityShards = 10;

    public Redundancy(int dataShards, int parityShards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dataShards, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataShards, MaximumDataShards);
        ArgumentOutOfRangeException.ThrowIfNegative(parityShards);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parityShards, MaximumParityShards);
        DataShards = dataShards;
        ParityShards = parityShards;
    }

    public int DataShards { get; }

    /// <summary>How many clouds may be lost at once.</summary>
    public int ParityShards { get; }

    public int Width => DataShards + ParityShards;

    /// <summary>The most economical spread over <paramref name="clouds"/> failure domains that survives the loss of any <paramref name="survive"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">when that many losses leave no cloud.</exception>
    public static Redundancy For(int clouds, int survive)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clouds, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(survive);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(survive, clouds);
        return new Redundancy(Math.Min(clouds - survive, MaximumDataShards), survive);
    }

    public override string ToString() => $"{DataShards}+{ParityShards}";
}
