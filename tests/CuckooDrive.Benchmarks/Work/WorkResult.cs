using System.Text.Json;

namespace CuckooDrive.Benchmarks.Work;

/// <summary>What a workload reports on its standard output, as one line of JSON.</summary>
/// <param name="Seconds">Only of the measured part.</param>
/// <param name="Operations">Blocks, files or calls, as the workload says.</param>
/// <param name="Bytes">Of user data.</param>
internal sealed record WorkResult(double Seconds, long Operations, long Bytes)
{
    public string ToJson() => JsonSerializer.Serialize(this);

    public static WorkResult Parse(string json) => JsonSerializer.Deserialize<WorkResult>(json)!;
}
