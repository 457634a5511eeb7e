using System.CommandLine;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo cloud: the group of commands about a drive's clouds.</summary>
internal static class CloudCommand
{
    public static Command Create() => new("cloud", "The clouds of a drive")
    {
        CloudListCommand.Create(),
        CloudAddCommand.Create(),
        CloudLoginCommand.Create(),
    };
}
