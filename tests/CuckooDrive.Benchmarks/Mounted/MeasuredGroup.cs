using CuckooDrive.Benchmarks.Subjects;

namespace CuckooDrive.Benchmarks.Mounted;

/// <summary>Rows that follow one another on the same file system, which was empty at the start.</summary>
internal abstract class MeasuredGroup
{
    /// <summary>The group of its rows in <see cref="Rows"/>.</summary>
    public abstract string Name { get; }

    /// <summary>Makes, once for the run, what every subject is given.</summary>
    public virtual Task PrepareAsync(string folder, MountedOptions options, CancellationToken cancellation) => Task.CompletedTask;

    public abstract Task RunAsync(GroupContext context, Subject subject);
}
