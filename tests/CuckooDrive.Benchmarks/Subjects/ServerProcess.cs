using System.Diagnostics;
using CuckooDrive.Benchmarks.Support;

namespace CuckooDrive.Benchmarks.Subjects;

/// <summary>A started server whose output is read away, so that it never waits for a full pipe; the last line is kept.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private readonly Process _process;
    private volatile string _lastLine = "it said nothing";

    /// <param name="input">Given on standard input, which is closed then.</param>
    public ServerProcess(string program, IEnumerable<string> arguments, string input = "")
    {
        _process = Tool.Start(program, arguments);
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Write(input);
        _process.StandardInput.Close();
    }

    public int Id => _process.Id;

    /// <summary>Waits until it has mounted something at the path.</summary>
    /// <exception cref="BenchmarkException">It ended before, or took too long.</exception>
    public async Task WaitForMountAsync(string path, CancellationToken cancellation)
    {
        for (var waited = TimeSpan.Zero; !Mounts.IsMounted(path); waited += Pause)
        {
            if (_process.HasExited)
                throw new BenchmarkException($"{_process.StartInfo.FileName} did not mount: {_lastLine}");
            if (waited > Patience)
                throw new BenchmarkException($"{_process.StartInfo.FileName} did not mount within {Patience.TotalSeconds} s: {_lastLine}");
            await Task.Delay(Pause, cancellation);
        }
    }

    /// <summary>Waits until it ends by itself, as it should after an unmount; kills it in the end.</summary>
    public async Task WaitForEndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    public void Dispose() => _process.Dispose();

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (!string.IsNullOrWhiteSpace(line.Data))
            _lastLine = line.Data.Trim();
    }
}
