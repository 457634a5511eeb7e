using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Decorators;

namespace CuckooDrive.Testing.Clouds;

/// <summary>A cloud that takes an upload byte by byte, each when the test says so. One upload at a time.</summary>
public sealed class SteppingStorage(ICloudStorage inner) : DelegatingStorage(inner)
{
    private readonly SemaphoreSlim _steps = new(0);
    private readonly SemaphoreSlim _taken = new(0);

    /// <summary>Lets one byte through and returns when it was taken.</summary>
    public async Task StepAsync()
    {
        _steps.Release();
        if (!await _taken.WaitAsync(TimeSpan.FromMinutes(1)))
            throw new TimeoutException("Nobody uploads.");
    }

    public override async Task<CloudObject> WriteAsync(string name, CloudContent content, CancellationToken cancellationToken = default)
    {
        var one = new byte[1];
        await using (var stream = content.Open())
        {
            for (var left = content.Length; left > 0; left--)
            {
                await _steps.WaitAsync(cancellationToken);
                await stream.ReadExactlyAsync(one, cancellationToken);
                _taken.Release();
            }
        }
        return await base.WriteAsync(name, content, cancellationToken);
    }
}
