using System.Buffers;

namespace CuckooDrive.Core.Volume;

/// <summary>
/// Memory of a caller of <see cref="IFileSystem.WriteAsync"/> that the file system may keep beyond the call instead of copying what is in it. It may change
/// again when every reference is released: the owner's, and one for each <see cref="AddReference"/>. Thread safe.
/// </summary>
public abstract class LendableMemory : MemoryManager<byte>
{
    /// <summary>To be called while another reference is held.</summary>
    public abstract void AddReference();

    /// <exception cref="InvalidOperationException">Released more often than referenced.</exception>
    public abstract void Release();
}
