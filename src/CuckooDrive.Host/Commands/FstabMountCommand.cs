using System.CommandLine;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Daemon;
using CuckooDrive.Host.Linux;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Commands;

/// <summary>What mount(8) calls through mount.fuse.cuckoo: SOURCE TARGET [-sfnv] [-o OPTIONS] [-t TYPE].</summary>
internal static class FstabMountCommand
{
    public const string CommandName = "mount-helper";

    public static Command Create()
    {
        var source = new Argument<string>("NAME");
        var target = new Argument<string>("MOUNTPOINT");
        var options = new Option<string[]>("-o") { DefaultValueFactory = _ => [] };
        var fake = new Option<bool>("-f");
        var command = new Command(CommandName, "Called by mount(8)")
        {
            source, target, options, fake, new Option<bool>("-s"), new Option<bool>("-n"), new Option<string>("-t"),
        };
        command.Hidden = true;
        command.Run(async (result, context, cancellation) =>
        {
            var arguments = FstabArguments.Parse(string.Join(',', result.GetValue(options)!));
            if (arguments.Home is not null)
            {
                Environment.SetEnvironmentVariable(CuckooPaths.HomeVariable, arguments.Home);
                context = context with { Paths = CuckooPaths.FromEnvironment() };
            }
            if (result.GetValue(fake))
                return;
            var request = new MountRequest
            {
                Name = result.GetValue(source)!,
                MountPoint = MountPoint.Resolve(result.GetValue(target)!),
                ReadOnly = arguments.ReadOnly,
                AllowOther = arguments.AllowOther,
                Durability = arguments.Durability,
            };
            await MountCommand.MountInBackgroundAsync(request, context, new SecretSource(arguments.PassphraseFile, arguments.KeyFile), cancellation);
        });
        return command;
    }
}
