namespace CuckooDrive.Clouds;

/// <summary>
/// Content that tells how far it has been read: for progress, and to tell an upload that is slow from one that hangs. A retry or a
/// provider that hashes before it sends reads it again, so more can be read than there is. What a provider sends without reading
/// it through <see cref="Open"/> (a folder lets the kernel copy a file) is not seen. As safe for threads as <paramref name="inner"/>.
/// </summary>
/// <param name="inner">The content itself.</param>
/// <param name="onRead">Called with the number of bytes after each reading of at least one, by the thread that read; must neither throw nor wait.</param>
public sealed class ObservedContent(CloudContent inner, Action<int> onRead) : CloudContent
{
    public override long Length => inner.Length;

    internal override ArraySegment<byte>? Array => inner.Array;

    internal override FileSlice? File => inner.File;

    public override Stream Open() => new ObservedStream(inner.Open(), onRead);
}
