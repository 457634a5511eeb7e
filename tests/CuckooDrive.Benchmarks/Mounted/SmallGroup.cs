using System.Diagnostics;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>Thousands of small files.</summary>
internal sealed class SmallGroup : MeasuredGroup
{
    private const int FilesPerFolder = 100;

    public override string Name => Rows.Small;

    public override async Task RunAsync(GroupContext context, Subject subject)
    {
        if (!await CreateAsync(context, subject))
            return;
        if (context.Wants(Rows.StatAll))
        {
            await subject.MakeColdAsync(context.Cancellation);
            await context.MeasureAsync(Rows.StatAll, subject, () => context.WorkAsync("stat", subject.PathOf("files")), Seconds);
        }
        if (context.Wants(Rows.ReadAll))
        {
            await subject.MakeColdAsync(context.Cancellation);
            await context.MeasureAsync(Rows.ReadAll, subject, () => context.WorkAsync("read-all", subject.PathOf("files")), Seconds);
        }
        if (context.Wants(Rows.Delete))
            await context.MeasureAsync(Rows.Delete, subject, () => context.WorkAsync("delete", subject.PathOf("files")), Seconds);
        if (context.Wants(Rows.CreateFlat))
        {
            var files = context.Options.Files;
            await context.MeasureAsync(Rows.CreateFlat, subject, () => context.WorkAsync("create", subject.PathOf("flat"), files, files), Seconds);
        }
        context.RecordPeak(Rows.MemorySmall, subject);
    }

    private static async Task<bool> CreateAsync(GroupContext context, Subject subject)
    {
        var before = subject.MeasureStored();
        var created = await context.MeasureAsync(
            Rows.Create, subject, () => context.WorkAsync("create", subject.PathOf("files"), context.Options.Files, FilesPerFolder), Seconds);
        if (created is null)
            return false;
        var clock = Stopwatch.StartNew();
        await subject.SettleAsync(context.Cancellation);
        if (!subject.Persistent)
            return true;
        var stored = subject.MeasureStored();
        context.Record(Rows.StoredSmall, (stored.Bytes - before.Bytes) / (double)created.Bytes);
        context.Record(Rows.ObjectsSmall, stored.Objects);
        if (subject is CuckooSubject)
            context.Record(Rows.ProtectSmall, clock.Elapsed.TotalSeconds);
        return true;
    }

    private static double Seconds(WorkResult result) => result.Seconds;
}
