using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>
/// Lists and changes the secrets that open a drive. Works on the local state and the clouds' headers alone, so it needs
/// no open drive and may run while one is.
/// </summary>
public static class DriveKeySlots
{
    /// <summary>The slots of the newest header. Needs a valid secret.</summary>
    public static Task<IReadOnlyList<KeySlotInfo>> ListAsync(string stateDirectory, Secret current, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Adds a slot that <paramref name="added"/> opens, by a new header on every cloud, and returns it. Succeeds when more
    /// clouds than may be lost have the new header; the others get it when they answer.
    /// </summary>
    /// <param name="cost">What a guess costs; the default when null.</param>
    public static Task<KeySlotInfo> AddAsync(string stateDirectory, Secret current, Secret added, string label, DriveServices services, Argon2Cost? cost = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Removes the slot of that index (never the last). Old headers are deleted from each cloud that has the new one; a cloud that is away
    /// keeps its old header until it answers, and whoever kept a copy of an old header can still use the old secret.
    /// </summary>
    public static Task RemoveAsync(string stateDirectory, Secret current, int index, DriveServices services, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
