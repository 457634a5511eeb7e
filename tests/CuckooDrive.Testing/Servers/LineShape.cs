namespace CuckooDrive.Testing.Servers;

/// <summary>How the line to a server behaves.</summary>
/// <param name="RoundTrip">From a request until the first byte of its answer, for a server that answers at once; half of it each way.</param>
/// <param name="BytesPerSecond">In each direction, for all connections together; null for no limit.</param>
public sealed record LineShape(TimeSpan RoundTrip, long? BytesPerSecond);
