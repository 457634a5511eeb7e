using System.Globalization;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Output;

/// <summary>Status for people.</summary>
internal static class StatusText
{
    public static string Of(DriveProtection protection) => protection switch
    {
        DriveProtection.Protected => "protected",
        DriveProtection.Uploading => "uploading",
        DriveProtection.Damaged => "damaged",
        _ => "degraded",
    };

    public static string Of(FileProtection protection) => protection switch
    {
        FileProtection.Protected => "protected",
        FileProtection.Uploading => "uploading",
        FileProtection.Damaged => "damaged",
        _ => "local",
    };

    public static void Print(Terminal terminal, StatusOutput status, DriveFolders folders)
    {
        terminal.Line(status.MountPoint is null
            ? $"Drive '{status.Name}' is not mounted."
            : $"Drive '{status.Name}' is mounted on {status.MountPoint}{(status.ReadOnly == true ? " (read-only)" : "")}, process {status.ProcessId}.");
        if (status.Redundancy is null)
        {
            terminal.Line($"Its state lies in {folders.Root}; mount it, or give --passphrase-file, to see more.");
            return;
        }
        PrintDrive(terminal, status, status.Redundancy);
        terminal.Line();
        PrintClouds(terminal, status.Clouds!);
        foreach (var warning in status.Warnings!)
            terminal.Line($"! {warning}");
        if (status.WriteStopped is { } stopped)
            terminal.Line($"! Nothing can be written: {stopped}");
    }

    public static void PrintClouds(Terminal terminal, IReadOnlyList<CloudStatus> clouds) =>
        terminal.Table(["Cloud", "State", "Stored here", "Shards", "Free", "Address"], clouds.Select(cloud => (IReadOnlyList<string>)
        [
            cloud.Name,
            cloud.Reachable ? "ok" : $"away{(cloud.LastError is null ? "" : $" ({cloud.LastError})")}",
            Terminal.Size(cloud.ShardBytes),
            cloud.Shards.ToString(CultureInfo.InvariantCulture),
            cloud.SpaceFree is { } free ? Terminal.Size(free) : "?",
            cloud.Address,
        ]));

    public static void PrintFiles(Terminal terminal, IReadOnlyList<FileOutput> files) =>
        terminal.Table(["Protection", "Path"], files.Select(file => (IReadOnlyList<string>)
        [
            file.Protection is { } protection ? Of(protection) : "missing",
            file.Path,
        ]));

    private static string Of(DriveProtection protection, RedundancyStatus redundancy)
    {
        var promise = $"the loss of any {Plural.Of(redundancy.Survives, "cloud")} ({redundancy.DataShards}+{redundancy.ParityShards})";
        return protection switch
        {
            DriveProtection.Protected => $"protected; survives {promise}",
            DriveProtection.Uploading => $"uploading; when that is done everything survives {promise}",
            DriveProtection.Damaged => "damaged; some data cannot be read any more, see below",
            _ => $"degraded; a cloud is away or lacks data, so not everything survives {promise} now",
        };
    }

    private static void PrintDrive(Terminal terminal, StatusOutput status, RedundancyStatus redundancy)
    {
        terminal.Line($"Protection:  {Of(status.Protection!.Value, redundancy)}");
        terminal.Line($"Space:       {Terminal.Size(status.CapacityFree!.Value)} free of {Terminal.Size(status.CapacityTotal!.Value)}");
        terminal.Line(status.Queue!.Packs == 0
            ? "To upload:   nothing"
            : $"To upload:   {Terminal.Size(status.Queue.Bytes)} in {Plural.Of(status.Queue.Packs, "pack")}");
        terminal.Line(status.Journal!.Batches == 0
            ? "Journal:     the clouds have everything"
            : string.Create(CultureInfo.InvariantCulture, $"Journal:     the clouds are {status.Journal.Seconds:0} s behind"));
    }
}
