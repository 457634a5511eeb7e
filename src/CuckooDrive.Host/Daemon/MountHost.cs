using System.Runtime.InteropServices;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Logging;
using CuckooDrive.Host.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace CuckooDrive.Host.Daemon;

/// <summary>Runs a mount in this process with the Generic Host: configuration, logging, signals, systemd's readiness.</summary>
internal static class MountHost
{
    /// <summary>A drive that is closing is given this long to bring local state to the disk.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Mounts, calls <paramref name="ready"/>, and returns the exit status when the mount has ended and the drive is
    /// closed. A failure to mount is thrown. Borrows the secret until it calls <paramref name="ready"/>.
    /// </summary>
    public static async Task<int> RunAsync(MountRequest request, CommandContext context, SecretInput passphrase, Action ready)
    {
        using var host = Build(request, context, passphrase);
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            lifetime.StopApplication();
        }
        // The host's own lifetimes leave some of these out: a terminal that is closed must not end the process at once.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        // A signal that came before these, while the passphrase was read.
        using var earlier = context.Cancellation.Register(lifetime.StopApplication);
        try
        {
            await host.StartAsync();
        }
        catch (Exception failure)
        {
            var folders = host.Services.GetRequiredService<DriveFolders>();
            host.Services.GetRequiredService<ILogger<MountedDrive>>()
                .LogError(failure, "Mounting '{Name}' failed.", folders.Name);
            throw;
        }
        try
        {
            ready();
        }
        catch
        {
            await host.StopAsync(); // Whoever asked for the mount is told that there is none.
            throw;
        }
        await host.WaitForShutdownAsync();
        return Environment.ExitCode;
    }

    /// <summary>
    /// Tells a service manager that asks for it when the drive is usable. AddSystemd() would do so only as a direct child
    /// of a process named systemd; the variable is what the protocol goes by (sd_notify(3)).
    /// </summary>
    private static void AddReadiness(IServiceCollection services)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NOTIFY_SOCKET")))
            return;
        services.AddSingleton<ISystemdNotifier, SystemdNotifier>();
        services.AddSingleton<IHostLifetime, SystemdLifetime>();
    }

    private static IHost Build(MountRequest request, CommandContext context, SecretInput passphrase)
    {
        var folders = context.Paths.Drive(request.Name);
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings
        {
            ApplicationName = "cuckoo",
            ContentRootPath = AppContext.BaseDirectory,
            DisableDefaults = true,
        });
        DriveSettings.Add(builder.Configuration, context.Paths);

        builder.Logging.SetMinimumLevel(context.Verbose ? LogLevel.Debug : LogLevel.Information);
        builder.Logging.AddProvider(new FileLoggerProvider(folders.LogFile, TimeProvider.System));
        if (context.Verbose)
            builder.Logging.AddProvider(new ConsoleErrorLoggerProvider());

        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        AddReadiness(builder.Services);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(request);
        builder.Services.AddSingleton(folders);
        builder.Services.AddSingleton(passphrase);
        builder.Services.AddSingleton(provider => Services.Create(provider.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddHostedService<MountedDrive>();
        return builder.Build();
    }
}
