namespace CuckooDrive.Core.Drives;

/// <summary>What opens a key slot.</summary>
public enum KeySlotKind
{
    Passphrase,
    /// <summary>A random printable key that the user keeps on paper.</summary>
    RecoveryKey,
    /// <summary>A random key in a file.</summary>
    KeyFile,
}

/// <summary>A key slot as users see it. Never holds anything secret.</summary>
/// <param name="Id">Stays the same for the life of the slot.</param>
/// <param name="Kind">What opens it.</param>
/// <param name="Label">The user's name for it; readable by the clouds, so it says nothing private by default.</param>
/// <param name="IsCurrent">Whether the secret given now opens this slot.</param>
public sealed record KeySlotInfo(int Id, KeySlotKind Kind, string Label, bool IsCurrent);
