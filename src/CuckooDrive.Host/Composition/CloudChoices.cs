using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;

namespace CuckooDrive.Host.Composition;

/// <summary>The --cloud options as the drive takes them.</summary>
internal static class CloudChoices
{
    public static IReadOnlyList<CloudChoice> From(IEnumerable<string> addresses) =>
        [.. addresses.Select(address => new CloudChoice(address))];

    /// <summary>Signs in to each cloud that needs it.</summary>
    public static async Task<IReadOnlyList<CloudChoice>> SignInAsync(IReadOnlyList<CloudChoice> clouds, CloudSignIn signIn, CancellationToken cancellation)
    {
        signIn.CheckUnambiguous([.. clouds.Select(cloud => cloud.Address)]);
        var result = new List<CloudChoice>(clouds.Count);
        foreach (var cloud in clouds)
            result.Add(cloud with { Credential = await signIn.RunAsync(cloud.Address, cancellation) });
        return result;
    }

    /// <summary>Finds bad addresses before a passphrase is asked for.</summary>
    public static async Task CheckAsync(IReadOnlyList<CloudChoice> clouds)
    {
        foreach (var cloud in clouds)
            await Services.CheckAddressAsync(cloud.Address);
        if (clouds.GroupBy(cloud => cloud.Address.TrimEnd('/'), StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw UserException.Usage($"The cloud '{twice.Key}' is given twice; each cloud counts once.");
    }
}
