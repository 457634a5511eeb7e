using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators;

/// <summary>The requests that came, without their queries. Thread safe.</summary>
public sealed class EmulatorLog
{
    private readonly Lock _gate = new();
    private readonly List<string> _requests = [];

    /// <summary>"METHOD /path" in the order of their coming.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_gate)
                return [.. _requests];
        }
    }

    /// <summary>How many requests have this in their method and path.</summary>
    public int Count(string part) => Requests.Count(request => request.Contains(part, StringComparison.Ordinal));

    internal void Add(HttpRequest request)
    {
        lock (_gate)
            _requests.Add($"{request.Method} {request.Path}");
    }
}
