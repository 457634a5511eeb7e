using System.Diagnostics;

namespace CuckooDrive.Core;

/// <summary>The steps of the write path between which a crash must do no harm.</summary>
internal enum CrashStep
{
    DataFlushed,
    StagingSynced,
    Committed,
    CommitSettled,
    PackPadded,
    ParityWritten,
    ShardUploading,
    ShardUploaded,
    PackMovedToCache,
    OutboxWritten,
    JournalDecided,
    SegmentSent,
    JournalSent,
    JournalDurable,
    JournalTrimmed,
    CheckpointPagesWritten,
    CheckpointPagesReferenced,
    RootDecided,
    RootDurable,
    OldJournalRemoved,
    ShardDeleted,
    PackForgotten,
    CloudPrepared,
    CloudRecorded,
}

/// <summary>
/// Lets the crash tests end the process at a chosen step, as abruptly as a loss of power: CUCKOO_TEST_CRASH_AT=Step:N kills it
/// when it reaches the step for the N-th time. Decided once at the start: without it every point is compiled to nothing.
/// </summary>
internal static class CrashPoint
{
    private static readonly string? Armed = Environment.GetEnvironmentVariable("CUCKOO_TEST_CRASH_AT");
    private static int _reached;

    public static void Reach(CrashStep step)
    {
        if (Armed is not null)
            Count(step);
    }

    private static void Count(CrashStep step)
    {
        var separator = Armed!.IndexOf(':', StringComparison.Ordinal);
        if (Armed[..separator] != step.ToString() || Interlocked.Increment(ref _reached) != int.Parse(Armed[(separator + 1)..]))
            return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
