using static CuckooDrive.Clouds.Conformance.ConformanceScratch;
using static CuckooDrive.Clouds.Conformance.ConformanceSuite;

namespace CuckooDrive.Clouds.Conformance;

/// <summary>What a storage says about itself.</summary>
internal static class AccountChecks
{
    public static IEnumerable<ConformanceCheck> All =>
    [
        With("quota", static has => has.Quota, "the quota makes sense", QuotaAsync),
        Always("the capabilities make sense and do not change", CapabilitiesAsync),
        Always("the address is fit for messages", AddressAsync),
        Always("negative offsets and lengths are the caller's error", NegativeAsync),
    ];

    private static async Task QuotaAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var quota = await scratch.Storage.GetQuotaAsync(cancel).ConfigureAwait(false);
        Require(quota.Free is >= 0, $"the free space is said to be {quota.Free}");
        Require(quota.Used is null or >= 0, $"the used space is said to be {quota.Used}");
        Require(quota.Total is null || quota.Total >= quota.Free, $"{quota.Free} of {quota.Total} bytes are said to be free");
    }

    private static async Task CapabilitiesAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var before = scratch.Storage.Capabilities;
        await scratch.WriteAsync("any", Bytes(1), cancel).ConfigureAwait(false);
        Require(scratch.Storage.Capabilities == before, "the capabilities changed");
        Require(before.MaximumObjectSize >= 16 << 20, $"objects of 16 MiB do not fit: at most {before.MaximumObjectSize} bytes");
        Require(before.ParallelWrites >= 0, "the number of parallel writes is negative");
        Require(before.FailureDomain.Length > 0, "the failure domain is empty");
    }

    private static Task AddressAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        var address = CloudAddress.Parse(scratch.Storage.Address);
        Require(!address.Text.Any(char.IsControl), "the address has control characters");
        return Task.CompletedTask;
    }

    private static async Task NegativeAsync(ConformanceScratch scratch, CancellationToken cancel)
    {
        await scratch.WriteAsync("any", Bytes(10), cancel).ConfigureAwait(false);
        await ThrowsAsync(() => scratch.Storage.ReadAsync(scratch.Name("any"), -1, new byte[1], cancel).AsTask())
            .ConfigureAwait(false);
        await ThrowsAsync(() => scratch.Storage.OpenReadAsync(scratch.Name("any"), -1, null, cancel)).ConfigureAwait(false);
        await ThrowsAsync(() => scratch.Storage.OpenReadAsync(scratch.Name("any"), 0, -1, cancel)).ConfigureAwait(false);
    }

    private static async Task ThrowsAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (ArgumentOutOfRangeException)
        {
            return;
        }
        throw new ConformanceException("a negative number was accepted");
    }
}
