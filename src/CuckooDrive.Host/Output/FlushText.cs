using CuckooDrive.Core.Drives;

namespace CuckooDrive.Host.Output;

/// <summary>What a flush is doing, for people.</summary>
internal static class FlushText
{
    public static string Of(FlushProgress step, string drive)
    {
        var work = step is { PacksLeft: 0, JournalLeft: true } ? "sending the journal" : "uploading";
        // Whoever waits for a disk that is not plugged in should not have to guess it.
        return step.CloudsAway.Count == 0 || step is { PacksLeft: 0, JournalLeft: false }
            ? work
            : $"{work}; {string.Join(" and ", step.CloudsAway.Select(name => $"'{name}'"))} cannot be reached and may be waited for, 'cuckoo status {drive}' says why";
    }
}
