using System.Globalization;

namespace CuckooDrive.Host.CommandLine;

/// <summary>"1 file", "2 files".</summary>
internal static class Plural
{
    public static string Of(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");
}
