namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>Idle requests. Thread safe.</summary>
internal sealed class RequestPool(Buffers buffers)
{
    private const int Keep = 128;

    private readonly Stack<Request> _idle = new();

    public Request Rent()
    {
        lock (_idle)
        {
            if (_idle.TryPop(out var request))
                return request;
        }
        return new Request(buffers);
    }

    public void Return(Request request)
    {
        if (!request.TryReset())
            return;
        lock (_idle)
        {
            if (_idle.Count < Keep)
                _idle.Push(request);
        }
    }
}
