using System.Text.Json;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Output;
using CuckooDrive.Host.State;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Daemon;

/// <summary>
/// The hosted service: opens the drive, mounts it and listens for requests; on stop the other way round, the mount
/// first, so that nothing is written to a drive that is closing.
/// </summary>
internal sealed class MountedDrive(
    MountRequest request,
    DriveFolders folders,
    SecretInput passphrase,
    IConfiguration configuration,
    DriveServices services,
    IHostApplicationLifetime lifetime,
    ILoggerFactory loggers) : IHostedService, IControlHandler, IDisposable
{
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(3);
    private readonly ILogger _logger = loggers.CreateLogger<MountedDrive>();
    private readonly SemaphoreSlim _closing = new(1, 1);
    private Drive? _drive;
    private IFileSystemMount? _mount;
    private ControlServer? _control;

    /// <summary>How closing went, once it has begun: everybody who waits for it is told the same.</summary>
    private Task? _closed;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        folders.Prepare();
        var options = DriveSettings.OptionsFor(configuration, request.Name) with
        {
            ReadOnly = request.ReadOnly,
            Durability = request.Durability,
        };
        using (var secret = passphrase.Open())
            _drive = await Drive.OpenAsync(folders.Volume, secret, options, services, cancellationToken);
        try
        {
            _drive.BeginHeadStart();
            _mount = FileSystemMounter.Mount(_drive.FileSystem, request, loggers);
            WriteRecord();
            _control = new ControlServer(folders, this, loggers.CreateLogger<ControlServer>());
            _control.Start();
        }
        catch
        {
            await CloseAsync();
            throw;
        }
        _logger.LogInformation("Mounted '{Name}' on '{MountPoint}'.", request.Name, request.MountPoint);
        _ = StopWhenUnmountedAsync(_mount);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CloseAsync();
        }
        finally
        {
            // Also after a failure, which the client of an unmount is being told of at this moment.
            if (_control is not null)
                await _control.DisposeAsync();
        }
        _logger.LogInformation("'{Name}' is closed.", request.Name);
    }

    public void Dispose() => _closing.Dispose();

    public async Task<ControlReply> HandleAsync(ControlRequest control, IProgress<ControlProgress> progress, CancellationToken cancellation)
    {
        try
        {
            return await CarryOutAsync(control, progress, cancellation);
        }
        catch (ObjectDisposedException failure) when (_closed is not null)
        {
            throw new UserException($"'{request.Name}' is just being closed; run the command again in a moment.", ExitStatus.Failure, failure);
        }
    }

    private async Task<ControlReply> CarryOutAsync(ControlRequest control, IProgress<ControlProgress> progress, CancellationToken cancellation)
    {
        var drive = _drive ?? throw new UserException("The drive is still being opened; try again in a moment.");
        switch (control.Command)
        {
            case ControlRequest.Status:
                var status = new MountedStatus(request.MountPoint, Environment.ProcessId, drive.GetStatus());
                return Succeeded(new ControlResponse { Status = status });
            case ControlRequest.Flush:
                var flush = new InlineProgress<FlushProgress>(step => progress.Report(new ControlProgress(FlushText.Of(step, request.Name), step.BytesLeft, 0)));
                await drive.FlushAsync(flush, cancellation);
                return Succeeded(new ControlResponse());
            case ControlRequest.Protection:
                return Succeeded(new ControlResponse { Protection = await ProtectionOfAsync(drive, control.Paths, cancellation) });
            case ControlRequest.Check:
                var check = new InlineProgress<DoctorProgress>(step => progress.Report(new ControlProgress(step.Step, step.Done, step.Total)));
                return Succeeded(new ControlResponse { Report = await drive.CheckAsync(control.Thorough, check, cancellation) });
            case ControlRequest.AddCloud when control.Cloud is { } asked:
                var added = await drive.AddCloudAsync(ChoiceOf(asked), cancellation);
                var after = new MountedStatus(request.MountPoint, Environment.ProcessId, drive.GetStatus());
                return Succeeded(new ControlResponse { Cloud = added, Status = after });
            case ControlRequest.Unmount:
                if (!await UnmountAsync())
                    return Succeeded(new ControlResponse { Busy = true });
                return Succeeded(new ControlResponse()) with { AfterSent = lifetime.StopApplication };
            default:
                return ControlReply.Failed($"The mounted drive does not know the request '{control.Command}'; unmount it and mount it again with the new version.");
        }
    }

    private static CloudChoice ChoiceOf(ControlCloud cloud) => new(cloud.Address)
    {
        Name = cloud.Name,
        Capacity = cloud.Capacity,
        Credential = cloud.Secrets is { } secrets ? new CloudCredential(secrets) : null,
    };

    private static ControlReply Succeeded(ControlResponse response) => new(response with { Ok = true });

    private static async Task<IReadOnlyList<PathProtection>> ProtectionOfAsync(Drive drive, IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        var result = new List<PathProtection>(paths.Count);
        foreach (var path in paths)
            result.Add(new PathProtection(path, await drive.GetProtectionAsync(path, cancellation)));
        return result;
    }

    /// <summary>
    /// On request: returns when the local state is safe and closed; false, with nothing done, while the mount is in use. Fails while data
    /// cannot be stored here, which would be lost with the process.
    /// </summary>
    private async Task<bool> UnmountAsync()
    {
        await _closing.WaitAsync();
        try
        {
            if (_closed is null && _drive is not null && !request.ReadOnly)
                await _drive.StoreAsync();
            if (_mount is not null && !await _mount.TryUnmountAsync())
                return false;
            await DisposeDriveAsync();
            return true;
        }
        finally
        {
            _closing.Release();
        }
    }

    /// <summary>At the end of the process: waits a little for users of the mount, then takes it away in any case.</summary>
    private async Task CloseAsync()
    {
        await _closing.WaitAsync();
        try
        {
            if (_closed is null && _mount is not null && !await TryUnmountPatientlyAsync(_mount))
                _logger.LogWarning("'{MountPoint}' is still in use; it is taken away from the programs that use it.", request.MountPoint);
        }
        catch (Exception failure)
        {
            // Whatever it was, the drive is closed with all that it holds.
            _logger.LogError(failure, "'{MountPoint}' could not be unmounted: {Reason}", request.MountPoint, failure.Message);
        }
        try
        {
            await DisposeDriveAsync();
        }
        finally
        {
            _closing.Release();
        }
    }

    private static async Task<bool> TryUnmountPatientlyAsync(IFileSystemMount mount)
    {
        using var patience = new CancellationTokenSource(BusyPatience);
        while (!await mount.TryUnmountAsync())
        {
            if (patience.IsCancellationRequested)
                return false;
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
        return true;
    }

    private Task DisposeDriveAsync() => _closed ??= DisposeMountAndDriveAsync();

    private async Task DisposeMountAndDriveAsync()
    {
        try
        {
            try
            {
                if (_mount is not null)
                    await _mount.DisposeAsync();
            }
            finally
            {
                if (_drive is not null)
                    await _drive.DisposeAsync();
            }
        }
        catch (Exception failure) // Whatever it was: the drive is gone, and data may be.
        {
            _logger.LogError(failure, "'{Name}' is closed, but not in order: {Reason}", request.Name, failure.Message);
            Environment.ExitCode = ExitStatus.Failure;
            throw new UserException(
                $"'{request.Name}' is unmounted, but not in order: {failure.Message.TrimEnd('.')} ({folders.LogFile}).", ExitStatus.Failure, failure);
        }
        finally
        {
            File.Delete(folders.MountRecord);
        }
    }

    /// <summary>An umount or fusermount3 from outside ends the process like a request of ours.</summary>
    private async Task StopWhenUnmountedAsync(IFileSystemMount mount)
    {
        try
        {
            await mount.Ended;
        }
        catch (Exception failure) // The mount's own thread root: whatever it was, the process must end and say so.
        {
            _logger.LogError(failure, "Serving the mount failed; the drive is closed.");
            Environment.ExitCode = ExitStatus.Failure;
        }
        lifetime.StopApplication();
    }

    private void WriteRecord()
    {
        var record = new MountRecord(request.MountPoint, Environment.ProcessId, services.Time.GetUtcNow(), request.ReadOnly);
        PrivateFiles.WriteAtomically(folders.MountRecord, JsonSerializer.SerializeToUtf8Bytes(record, ControlJson.Default.MountRecord));
    }
}
