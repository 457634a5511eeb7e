using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Logging;
using CuckooDrive.Host.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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
        ready();
        await host.WaitForShutdownAsync();
        return Environment.ExitCode;
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
        builder.Services.AddSystemd();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(request);
        builder.Services.AddSingleton(folders);
        builder.Services.AddSingleton(passphrase);
        builder.Services.AddSingleton(provider => Services.Create(provider.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddHostedService<MountedDrive>();
        return builder.Build();
    }
}
