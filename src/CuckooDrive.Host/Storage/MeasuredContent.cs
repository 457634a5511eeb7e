using CuckooDrive.Clouds;

namespace CuckooDrive.Host.Storage;

/// <summary>A local file as an upload that tells how much of it has been read. A retry begins at zero again.</summary>
internal sealed class MeasuredContent : CloudContent
{
    private readonly string _path;

    /// <param name="path">A file that nobody changes meanwhile; a change of its length is noticed and fails the upload.</param>
    public MeasuredContent(string path)
    {
        _path = path;
        Length = new FileInfo(path).Length;
    }

    public override long Length { get; }

    /// <summary>Gets the bytes read so far, from whatever thread reads.</summary>
    public Action<long>? Progress { get; set; }

    public override Stream Open() => new CountingStream(
        new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.Asynchronous | FileOptions.SequentialScan),
        done => Progress?.Invoke(done));
}

/// <summary>Passes a stream through and reports the bytes read. Owns the inner stream.</summary>
internal sealed class CountingStream(Stream inner, Action<long> report) : ReadOnlyStream
{
    private long _done;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        _done += read;
        report(_done);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return inner.DisposeAsync();
    }
}
