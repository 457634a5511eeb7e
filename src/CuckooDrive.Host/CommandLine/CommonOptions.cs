using System.CommandLine;
using CuckooDrive.Core.Drives;

namespace CuckooDrive.Host.CommandLine;

/// <summary>Options and arguments that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary>One instance on the root command, inherited by all.</summary>
    public static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Show details, also of failures",
        Recursive = true,
    };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON for programs" };

    public static Option<string?> PassphraseFile() => new("--passphrase-file")
    {
        Description = "Read the passphrase from the first line of this file (otherwise CUCKOO_PASSPHRASE, otherwise a prompt)",
        HelpName = "FILE",
    };

    /// <summary>"local" or "cloud".</summary>
    public static bool TryParseDurability(string text, out Durability durability)
    {
        durability = text == "cloud" ? Durability.Cloud : Durability.Local;
        return text is "local" or "cloud";
    }

    public static Argument<string> DriveName() => new("NAME") { Description = "The drive's name on this machine" };

    public static Option<string[]> Clouds(string description) => new("--cloud")
    {
        Description = description,
        HelpName = "URL",
        Required = true,
        AllowMultipleArgumentsPerToken = false,
    };
}
