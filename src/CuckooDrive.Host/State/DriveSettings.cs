using System.Globalization;
using System.Text.Json;
using CuckooDrive.Core.Drives;
using CuckooDrive.Core.Volume;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Linux;
using Microsoft.Extensions.Configuration;

namespace CuckooDrive.Host.State;

/// <summary>
/// Limits that a person may set in settings.json: for all drives at the top, for one under Drives:NAME. The environment
/// (CUCKOO_SETTING_StagingLimit) wins over both.
/// </summary>
internal static class DriveSettings
{
    public const string EnvironmentPrefix = "CUCKOO_SETTING_";

    /// <summary>In seconds. No timer goes without a pause: the journal would never be sent by itself.</summary>
    private const double ShortestInterval = 0.01;

    public static IConfigurationRoot Load(CuckooPaths paths)
    {
        var manager = new ConfigurationManager();
        Add(manager, paths);
        return manager;
    }

    /// <summary>Reads the file at once; the configuration's own file provider would also watch its folder.</summary>
    public static void Add(ConfigurationManager configuration, CuckooPaths paths)
    {
        if (Directory.Exists(paths.SettingsFile))
            throw UserException.Usage($"The settings file '{paths.SettingsFile}' is a folder; put a file there or remove it.");
        try
        {
            if (File.Exists(paths.SettingsFile))
                AddFile(configuration, paths.SettingsFile);
        }
        catch (Exception failure) when (failure is JsonException or FormatException)
        {
            throw new UserException(
                $"The settings file '{paths.SettingsFile}' is not valid JSON ({failure.Message.TrimEnd('.')}); correct it or remove it.",
                ExitStatus.WrongUsage, failure);
        }
        AddEnvironment(configuration);
    }

    private static void AddFile(ConfigurationManager configuration, string path)
    {
        var content = File.ReadAllBytes(path);
        SettingNames.Check(new ConfigurationBuilder().AddJsonStream(new MemoryStream(content)).Build(), $"The settings file '{path}' has", key => key);
        configuration.AddJsonStream(new MemoryStream(content));
    }

    private static void AddEnvironment(ConfigurationManager configuration)
    {
        SettingNames.Check(
            new ConfigurationBuilder().AddEnvironmentVariables(EnvironmentPrefix).Build(),
            "The environment has",
            key => EnvironmentPrefix + key.Replace(ConfigurationPath.KeyDelimiter, "__", StringComparison.Ordinal));
        configuration.AddEnvironmentVariables(EnvironmentPrefix);
    }

    public static OpenDriveOptions OptionsFor(IConfiguration configuration, string drive)
    {
        var defaults = new OpenDriveOptions();
        // The environment provider is last, so it has won over the file's general values already, but not over a drive's.
        string? Find(string key) =>
            Environment.GetEnvironmentVariable(EnvironmentPrefix + key) ?? configuration[$"Drives:{drive}:{key}"] ?? configuration[key];
        return defaults with
        {
            RootOwner = OperatingSystem.IsWindows() ? default : new Caller(NativeMethods.GetEffectiveUserId(), NativeMethods.GetEffectiveGroupId()),
            StagingLimit = ReadSize(Find, nameof(defaults.StagingLimit), defaults.StagingLimit),
            DiskCacheLimit = ReadSize(Find, nameof(defaults.DiskCacheLimit), defaults.DiskCacheLimit),
            MemoryCacheLimit = ReadSize(Find, nameof(defaults.MemoryCacheLimit), defaults.MemoryCacheLimit),
            JournalInterval = ReadSeconds(Find, nameof(defaults.JournalInterval), defaults.JournalInterval, least: ShortestInterval),
            CloseTimeout = ReadSeconds(Find, nameof(defaults.CloseTimeout), defaults.CloseTimeout, least: 0),
        };
    }

    private static long ReadSize(Func<string, string?> find, string key, long fallback)
    {
        if (find(key) is not { } text)
            return fallback;
        return TryParseSize(text, out var bytes)
            ? bytes
            : throw UserException.Usage($"The setting {key} is '{text}', which is not a size; write it like 500MiB or 8GiB.");
    }

    private static TimeSpan ReadSeconds(Func<string, string?> find, string key, TimeSpan fallback, double least)
    {
        if (find(key) is not { } text)
            return fallback;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds >= least && seconds < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw UserException.Usage(string.Create(CultureInfo.InvariantCulture, $"The setting {key} is '{text}', which is not a number of seconds from {least} to a million; correct it."));
    }

    /// <summary>A whole number of bytes, or of KiB, MiB, GiB or TiB.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        ReadOnlySpan<(string Suffix, int Shift)> units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("", 0)];
        foreach (var (suffix, shift) in units)
        {
            if (!text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                continue;
            var number = text.AsSpan(0, text.Length - suffix.Length).Trim();
            var valid = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes <= long.MaxValue >> shift;
            bytes <<= shift;
            return valid;
        }
        bytes = 0;
        return false;
    }
}
