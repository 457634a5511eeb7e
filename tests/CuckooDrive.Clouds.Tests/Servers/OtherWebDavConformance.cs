using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Servers that promise less than lighttpd: none of them creates atomically, so that is not declared.</summary>
public abstract class OtherWebDavConformance : CloudConformance
{
    protected override bool RunsHeavyChecks => false;

    protected abstract TestServer Server { get; }

    protected override ICloudStorage Open() => WebDavConformance.Open(Server, "/dav");
}

public sealed class ApacheConformance : OtherWebDavConformance
{
    protected override TestServer Server => TestServers.Apache;
}

public sealed class NginxConformance : OtherWebDavConformance
{
    protected override TestServer Server => TestServers.Nginx;
}

/// <summary>With the retries that its lists need when they meet deletions.</summary>
public sealed class RcloneWebDavConformance : OtherWebDavConformance
{
    protected override TestServer Server => TestServers.RcloneWebDav;

    protected override ICloudStorage Open() => new RetryStorage(
        base.Open(), new RetryOptions { Retries = 100, FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(20) });
}
