using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.CommandLine;

/// <summary>What mount(8) and /etc/fstab pass with -o.</summary>
internal sealed record FstabArguments
{
    public bool ReadOnly { get; private set; }

    public bool AllowOther { get; private set; }

    public Durability Durability { get; private set; }

    public string? PassphraseFile { get; private set; }

    public string? KeyFile { get; private set; }

    /// <summary>Replaces CUCKOO_HOME: mount(8) runs with nearly no environment.</summary>
    public string? Home { get; private set; }

    /// <summary>
    /// Whether the program is called as mount.fuse3 does it: "cuckoo NAME MOUNTPOINT -o OPTIONS", without a command.
    /// </summary>
    public static bool IsMountCall(string[] arguments, RootCommand root) =>
        arguments.Length >= 4 && arguments.Contains("-o") && DriveName.IsValid(arguments[0]) &&
        root.Subcommands.All(command => command.Name != arguments[0]);

    /// <summary>Reads the comma-separated list. An option that would be ignored silently is refused, unless it is mount(8)'s own.</summary>
    public static FstabArguments Parse(string options)
    {
        var result = new FstabArguments();
        foreach (var option in options.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            result.Apply(option);
        return result;
    }

    private void Apply(string option)
    {
        var (key, value) = option.IndexOf('=') is >= 0 and var equals ? (option[..equals], option[(equals + 1)..]) : (option, null);
        switch (key)
        {
            case "ro":
                ReadOnly = true;
                break;
            case "rw":
                ReadOnly = false;
                break;
            case "allow_other":
                AllowOther = true;
                break;
            case "passphrase_file":
                PassphraseFile = Required(key, value);
                break;
            case "key_file":
                KeyFile = Required(key, value);
                break;
            case "cuckoo_home":
                Home = Required(key, value);
                break;
            case "durability":
                Durability = CommonOptions.TryParseDurability(Required(key, value), out var durability)
                    ? durability
                    : throw UserException.Usage($"The mount option durability is '{value}'; it can be local or cloud.");
                break;
            case "remount":
                throw UserException.Usage("A mounted drive cannot be given other options by a remount; unmount it and mount it again with them.");
            case "noexec":
                throw UserException.Usage("The mount option noexec is not supported; with user or users add exec, as in user,exec.");
            default:
                if (!IsForMountProgram(key))
                    throw UserException.Usage($"The mount option '{key}' is not known; known are ro, rw, allow_other, passphrase_file=FILE, key_file=FILE, cuckoo_home=FOLDER and durability=local|cloud.");
                break;
        }
    }

    private static string Required(string key, string? value) =>
        string.IsNullOrEmpty(value) ? throw UserException.Usage($"The mount option {key} needs a value, as in {key}=VALUE.") : value;

    private static bool IsForMountProgram(string key) =>
        key is "defaults" or "auto" or "noauto" or "user" or "nouser" or "users" or "owner" or "group" or "nofail" or "_netdev"
            or "suid" or "nosuid" or "dev" or "nodev" or "exec" or "async" or "relatime" or "default_permissions" or "comment"
        || key.StartsWith("x-", StringComparison.Ordinal) || key.StartsWith("X-", StringComparison.Ordinal);
}
