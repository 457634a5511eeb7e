using System.Diagnostics;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>One large file.</summary>
internal sealed class LargeGroup : MeasuredGroup
{
    private const double Megabyte = 1e6;
    private const double Gibibyte = 1 << 30;

    public override string Name => Rows.Large;

    public override async Task RunAsync(GroupContext context, Subject subject)
    {
        if (!await WriteAsync(context, subject))
            return;
        if (context.Wants(Rows.ReadCold, Rows.ReadWarm, Rows.CpuRead))
            await ReadAsync(context, subject);
        if (context.Wants(Rows.RandomRead, Rows.RandomReadWarm, Rows.RandomReadDirect))
            await RandomReadAsync(context, subject);
        if (context.Wants(Rows.RandomWrite, Rows.RandomWriteWarm, Rows.RandomWriteFlush))
            await RandomWriteAsync(context, subject);
        if (context.Wants(Rows.WriteText, Rows.ReadText, Rows.StoredText))
            await TextAsync(context, subject);
        context.RecordPeak(Rows.MemoryLarge, subject);
    }

    private static async Task<bool> WriteAsync(GroupContext context, Subject subject)
    {
        var bytes = context.Options.LargeBytes;
        var before = subject.MeasureStored();
        var cpuBefore = ProcessMeter.CpuSeconds(subject.ProcessId);
        var written = await context.MeasureAsync(
            Rows.Write, subject, () => context.WorkAsync("write", subject.PathOf("random.dat"), bytes, DataKind.Random), ToRate);
        if (written is null)
            return false;
        var clock = Stopwatch.StartNew();
        await subject.SettleAsync(context.Cancellation);
        var settled = clock.Elapsed.TotalSeconds;
        if (!subject.Persistent)
            return true;
        var stored = subject.MeasureStored();
        context.Record(Rows.CpuWrite, (ProcessMeter.CpuSeconds(subject.ProcessId) - cpuBefore) / (bytes / Gibibyte));
        context.Record(Rows.StoredRandom, (stored.Bytes - before.Bytes) / (double)bytes);
        context.Record(Rows.ObjectsLarge, stored.Objects);
        if (subject is CuckooSubject)
        {
            context.Record(Rows.ProtectLarge, settled);
            context.Record(Rows.Upload, (stored.Bytes - before.Bytes) / Megabyte / (written.Seconds + settled));
        }
        return true;
    }

    private static async Task ReadAsync(GroupContext context, Subject subject)
    {
        await subject.MakeColdAsync(context.Cancellation);
        var cpuBefore = ProcessMeter.CpuSeconds(subject.ProcessId);
        Task<WorkResult> Read() => context.WorkAsync("read", subject.PathOf("random.dat"));
        if (await context.MeasureAsync(Rows.ReadCold, subject, Read, ToRate) is { } read && subject.Persistent)
            context.Record(Rows.CpuRead, (ProcessMeter.CpuSeconds(subject.ProcessId) - cpuBefore) / (read.Bytes / Gibibyte));
        await context.MeasureAsync(Rows.ReadWarm, subject, Read, ToRate);
    }

    private static async Task RandomReadAsync(GroupContext context, Subject subject)
    {
        const int order = 1;
        Task<WorkResult> Read(bool direct) =>
            context.WorkAsync("read-pages", subject.PathOf("random.dat"), context.Options.PagesRead, direct, order);
        await subject.MakeColdAsync(context.Cancellation);
        await context.MeasureAsync(Rows.RandomRead, subject, () => Read(direct: false), ToOperations);
        await context.MeasureAsync(Rows.RandomReadWarm, subject, () => Read(direct: false), ToOperations);
        if (!context.Wants(Rows.RandomReadDirect))
            return;
        await subject.MakeColdAsync(context.Cancellation);
        await context.MeasureAsync(Rows.RandomReadDirect, subject, () => Read(direct: true), ToOperations);
    }

    private static async Task RandomWriteAsync(GroupContext context, Subject subject)
    {
        await subject.MakeColdAsync(context.Cancellation);
        await WritePagesAsync(Rows.RandomWrite, context.Options.PagesWritten, flushEach: false, order: 1);
        if (context.Wants(Rows.RandomWriteWarm))
            await WritePagesAsync(Rows.RandomWriteWarm, context.Options.PagesWritten, flushEach: false, order: 2);
        if (context.Wants(Rows.RandomWriteFlush))
            await WritePagesAsync(Rows.RandomWriteFlush, context.Options.PagesFlushed, flushEach: true, order: 3);
        await subject.SettleAsync(context.Cancellation);

        Task WritePagesAsync(Row row, int count, bool flushEach, int order) => context.MeasureAsync(
            row, subject, () => context.WorkAsync("write-pages", subject.PathOf("random.dat"), count, flushEach, order), ToOperations);
    }

    private static async Task TextAsync(GroupContext context, Subject subject)
    {
        var bytes = context.Options.LargeBytes;
        var before = subject.MeasureStored();
        var written = await context.MeasureAsync(
            Rows.WriteText, subject, () => context.WorkAsync("write", subject.PathOf("text.dat"), bytes, DataKind.Text), ToRate);
        if (written is null)
            return;
        await subject.SettleAsync(context.Cancellation);
        if (subject.Persistent)
            context.Record(Rows.StoredText, (subject.MeasureStored().Bytes - before.Bytes) / (double)bytes);
        if (!context.Wants(Rows.ReadText))
            return;
        await subject.MakeColdAsync(context.Cancellation);
        await context.MeasureAsync(Rows.ReadText, subject, () => context.WorkAsync("read", subject.PathOf("text.dat")), ToRate);
    }

    private static double ToRate(WorkResult result) => result.Bytes / Megabyte / result.Seconds;

    private static double ToOperations(WorkResult result) => result.Operations / result.Seconds;
}
