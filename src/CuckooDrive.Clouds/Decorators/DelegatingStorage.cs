namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// Base of all decorators: passes everything on to the storage below, which it owns and disposes.
/// </summary>
public abstract class DelegatingStorage(ICloudStorage inner) : ICloudStorage
{
    public virtual CloudCapabilities Capabilities => Inner.Capabilities;

    public virtual string Address => Inner.Address;

    protected ICloudStorage Inner { get; } = inner;

    public virtual IAsyncEnumerable<CloudObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        Inner.ListAsync(prefix, cancellationToken);

    public virtual ValueTask<int> ReadAsync(
        string name, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        Inner.ReadAsync(name, offset, destination, cancellationToken);

    public virtual Task<Stream> OpenReadAsync(
        string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) =>
        Inner.OpenReadAsync(name, offset, length, cancellationToken);

    public virtual Task<CloudObject> WriteAsync(
        string name, CloudContent content, CancellationToken cancellationToken = default) =>
        Inner.WriteAsync(name, content, cancellationToken);

    public virtual Task<CloudObject?> StatAsync(string name, CancellationToken cancellationToken = default) =>
        Inner.StatAsync(name, cancellationToken);

    public virtual Task DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        Inner.DeleteAsync(name, cancellationToken);

    public virtual Task MoveAsync(string source, string target, CancellationToken cancellationToken = default) =>
        Inner.MoveAsync(source, target, cancellationToken);

    public virtual Task<CloudQuota> GetQuotaAsync(CancellationToken cancellationToken = default) =>
        Inner.GetQuotaAsync(cancellationToken);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }
}
