namespace CuckooDrive.Benchmarks.Support;

/// <summary>A measurement that could not be made, with a sentence that says why.</summary>
internal sealed class BenchmarkException(string message, Exception? inner = null) : Exception(message, inner);
