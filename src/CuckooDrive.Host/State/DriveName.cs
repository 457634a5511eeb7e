using System.Text.RegularExpressions;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.State;

/// <summary>What a drive may be called on this machine: it becomes a folder name and part of a systemd unit's name.</summary>
internal static partial class DriveName
{
    public static bool IsValid(string name) => Pattern().IsMatch(name);

    public static string Check(string name) => IsValid(name)
        ? name
        : throw UserException.Usage(
            $"'{name}' cannot be a drive's name; use 1 to 64 of the characters A-Z a-z 0-9 . _ - and begin with a letter or digit.");

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Pattern();
}
