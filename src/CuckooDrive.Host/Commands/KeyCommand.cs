using System.CommandLine;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo key: the group of commands about what opens a drive.</summary>
internal static class KeyCommand
{
    public static Command Create() => new("key", "The passphrases and keys that open a drive")
    {
        KeyAddCommand.Create(),
        KeyListCommand.Create(),
        KeyRemoveCommand.Create(),
    };
}
