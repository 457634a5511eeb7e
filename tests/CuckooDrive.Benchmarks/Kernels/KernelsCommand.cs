using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace CuckooDrive.Benchmarks.Kernels;

/// <summary>kernels: the inner loops by BenchmarkDotNet.</summary>
internal static class KernelsCommand
{
    public const string Name = "kernels";

    /// <param name="arguments">BenchmarkDotNet's own, such as --filter '*Seal*'; all benchmarks when there are none.</param>
    public static int Run(string[] arguments)
    {
        var artifacts = Path.Combine(Path.GetTempPath(), "cuckoo-bench-kernels");
        var config = ManualConfig.Create(DefaultConfig.Instance)
            // In this process: the project's output folder is not where BenchmarkDotNet would look for it.
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .WithArtifactsPath(artifacts);
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(KernelsCommand).Assembly)
            .Run(arguments.Length > 0 ? arguments : ["--filter", "*"], config);
        return summaries.Any() && summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
    }
}
