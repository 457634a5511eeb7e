using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Composition;

/// <summary>The --cloud options as the drive takes them.</summary>
internal static class CloudChoices
{
    public static IReadOnlyList<CloudChoice> From(IEnumerable<string> addresses) =>
        [.. addresses.Select(address => new CloudChoice(address))];

    /// <summary>Finds bad addresses before a passphrase is asked for.</summary>
    public static async Task CheckAsync(IReadOnlyList<CloudChoice> clouds)
    {
        foreach (var cloud in clouds)
            await Services.CheckAddressAsync(cloud.Address);
        if (clouds.GroupBy(cloud => cloud.Address.TrimEnd('/'), StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw UserException.Usage($"The cloud '{twice.Key}' is given twice; each cloud counts once.");
    }
}
