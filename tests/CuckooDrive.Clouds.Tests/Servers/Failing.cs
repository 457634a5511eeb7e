using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>What is asked of every error that a user sees.</summary>
internal static class Failing
{
    /// <summary>Every call of the storage fails with this kind and one sentence that holds the hint and no secret.</summary>
    public static async Task EveryCallAsync(ICloudStorage storage, CloudErrorKind kind, string hint, params string[] secrets)
    {
        await using (storage)
        {
            await CallAsync(() => storage.StatAsync("a/b"), kind, hint, secrets);
            await CallAsync(() => storage.WriteAsync("a/b", CloudContent.FromMemory(new byte[10])), kind, hint, secrets);
            await CallAsync(() => storage.DeleteAsync("a/b"), kind, hint, secrets);
            await CallAsync(
                async () =>
                {
                    await foreach (var _ in storage.ListAsync(""))
                    {
                    }
                },
                kind,
                hint,
                secrets);
            // A missing bucket and a missing object may look the same to who reads.
            await CallAsync(() => storage.ReadAsync("a/b", 0, new byte[1]).AsTask(), kind, kind == CloudErrorKind.NotFound ? "" : hint, secrets);
        }
    }

    public static async Task CallAsync(Func<Task> call, CloudErrorKind kind, string hint, params string[] secrets)
    {
        var failure = await Assert.ThrowsAsync<CloudException>(call);
        Assert.True(failure.Kind == kind, $"{failure.Kind} instead of {kind}: {failure}");
        Assert.Contains(hint, failure.Message);
        Assert.DoesNotContain("\n", failure.Message);
        Assert.EndsWith(".", failure.Message);
        foreach (var secret in secrets)
            Assert.DoesNotContain(secret, failure.ToString());
    }
}
