using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using Microsoft.Extensions.Configuration;

namespace CuckooDrive.Host.State;

/// <summary>Which settings there are. One that is misspelt would else be without effect, and nobody would know.</summary>
internal static class SettingNames
{
    private const string Drives = "Drives";

    private static readonly string[] Known =
    [
        nameof(OpenDriveOptions.StagingLimit),
        nameof(OpenDriveOptions.DiskCacheLimit),
        nameof(OpenDriveOptions.MemoryCacheLimit),
        nameof(OpenDriveOptions.JournalInterval),
        nameof(OpenDriveOptions.CloseTimeout),
    ];

    /// <param name="settings">All of one place.</param>
    /// <param name="place">That place, as the beginning of a sentence.</param>
    /// <param name="describe">How a key reads there.</param>
    /// <exception cref="UserException">One of them is none.</exception>
    public static void Check(IConfiguration settings, string place, Func<string, string> describe)
    {
        foreach (var (key, value) in settings.AsEnumerable().OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!IsKnown(key.Split(ConfigurationPath.KeyDelimiter), value))
                throw UserException.Usage($"{place} '{describe(key)}', which is no setting; there are {string.Join(", ", Known)}, and these for one drive under {Drives}, NAME.");
        }
    }

    private static bool IsKnown(string[] path, string? value) => path switch
    {
        [var name] when IsSame(name, Drives) => string.IsNullOrEmpty(value),
        [var name] => Known.Any(known => IsSame(name, known)),
        [var drives, _] => IsSame(drives, Drives) && string.IsNullOrEmpty(value),
        [var drives, _, var name] => IsSame(drives, Drives) && Known.Any(known => IsSame(name, known)),
        _ => false,
    };

    private static bool IsSame(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
