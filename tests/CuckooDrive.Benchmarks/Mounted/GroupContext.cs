using System.Globalization;
using CuckooDrive.Benchmarks.Subjects;
using CuckooDrive.Benchmarks.Support;
using CuckooDrive.Benchmarks.Work;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>What the rows of a group need: one subject in one round, and where the figures go.</summary>
internal sealed class GroupContext(MountedOptions options, Results results, string name, int round, TextWriter progress, CancellationToken cancellation)
{
    private long _peak;

    public MountedOptions Options => options;

    public CancellationToken Cancellation => cancellation;

    public bool Wants(params ReadOnlySpan<Row> rows)
    {
        foreach (var row in rows)
        {
            if (options.Wants(row))
                return true;
        }
        return false;
    }

    /// <summary>Runs a workload of this program in a process of its own.</summary>
    public async Task<WorkResult> WorkAsync(params IEnumerable<object> arguments)
    {
        var texts = arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!).Prepend("work");
        var environment = new ToolOptions { Environment = WorkProgram.Environment };
        return WorkResult.Parse(await Tool.RunAsync(System.Environment.ProcessPath!, texts, environment, cancellation));
    }

    /// <summary>Measures a workload by what it says; a failure is that row's alone.</summary>
    /// <returns>The workload's result, or null when it failed.</returns>
    public async Task<WorkResult?> MeasureAsync(Row row, Subject subject, Func<Task<WorkResult>> work, Func<WorkResult, double> figure)
    {
        try
        {
            FreeMemory.Touch(row.Group == Rows.Large ? 3 * options.LargeBytes : options.LargeBytes / 2);
            var before = ProcessMeter.CpuSeconds(subject.ProcessId);
            var result = await work();
            var cpu = ProcessMeter.CpuSeconds(subject.ProcessId) - before;
            Record(row, figure(result), cpu);
            return result;
        }
        catch (BenchmarkException failure)
        {
            Fail(row, failure.Message);
            return null;
        }
        finally
        {
            SamplePeak(subject);
        }
    }

    public void Record(Row row, double value, double? cpu = null)
    {
        if (!options.Wants(row))
            return;
        results.Add(new Figure(row, name, round, value, cpu));
        progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-10} {row.Id,-20} {Number.Format(value)} {row.Unit}"));
    }

    public void Fail(Row row, string reason)
    {
        if (!options.Wants(row))
            return;
        results.Fail(row, name, reason);
        progress.WriteLine($"  {name,-10} {row.Id,-20} failed: {reason}");
    }

    /// <summary>Records the largest resident set that any serving process of the group had.</summary>
    public void RecordPeak(Row row, Subject subject)
    {
        SamplePeak(subject);
        // The floor's memory is its files: no figure to compare.
        if (subject.Persistent)
            Record(row, _peak / (double)(1 << 20));
    }

    private void SamplePeak(Subject subject)
    {
        if (ProcessMeter.Exists(subject.ProcessId))
            _peak = Math.Max(_peak, ProcessMeter.PeakResidentBytes(subject.ProcessId));
    }
}
