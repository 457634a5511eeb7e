namespace CuckooDrive.Clouds.Http;

/// <summary>
/// Takes <c>Expect: 100-continue</c> off every request. A server that refuses such a request before its body need not read the
/// body, but .NET sends it all the same when no answer has come after a second: Ceph's radosgw then takes the body's bytes for
/// the next request on that connection, which fails for no reason of its own. The SDK of S3 asks for it on every upload, that
/// of Azure for a minute after an account was throttled. Thread safe; owns the inner handler.
/// </summary>
internal sealed class NoExpectHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // False, and not null, also keeps the transport from an opinion of its own.
        request.Headers.ExpectContinue = false;
        return base.SendAsync(request, cancellationToken);
    }
}
