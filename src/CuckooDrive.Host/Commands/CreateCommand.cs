using System.CommandLine;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Credentials;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo create: a new drive.</summary>
internal static class CreateCommand
{
    public static Command Create()
    {
        var name = CommonOptions.DriveName();
        var clouds = CommonOptions.Clouds("A place to store to; give the option once for each. It must hold no drive yet");
        var survive = new Option<int?>("--survive")
        {
            Description = "How many of the clouds may be lost without losing data (default: as many as sensible)",
            HelpName = "M",
        };
        var passphraseFile = CommonOptions.PassphraseFile();
        var command = new Command("create", "Make a new drive that survives the loss of any M of its clouds")
        {
            name, clouds, survive, passphraseFile,
        };
        var secrets = CloudSecretOptions.AddTo(command);
        command.WithExamples(
            "cuckoo create photos --cloud file:///mnt/nas/cuckoo --cloud file:///media/usb/cuckoo --survive 1",
            "cuckoo create work --cloud file:///a --cloud file:///b --cloud file:///c --passphrase-file ~/work.pass",
            "cuckoo create home --cloud webdavs://me@cloud.example.org/cuckoo --cloud file:///mnt/nas/cuckoo --secrets-file ~/home.secrets");
        command.Run((result, context, cancellation) => RunAsync(
            context, result.GetValue(name)!, result.GetValue(clouds)!, result.GetValue(survive), result.GetValue(passphraseFile),
            secrets.From(result, context), cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, string name, string[] clouds, int? survive, string? passphraseFile, CloudSignIn signIn, CancellationToken cancellation)
    {
        var folders = context.Paths.Drive(name);
        if (folders.Exists)
            throw new UserException($"There is a drive '{name}' on this machine already; choose another name ('cuckoo status' lists them).");
        var options = new CreateDriveOptions
        {
            Name = name,
            Clouds = CloudChoices.From(clouds),
            Survive = survive,
            DeviceName = Environment.MachineName,
            PassphraseCost = TestSettings.PassphraseCost,
        };
        await CloudChoices.CheckAsync(options.Clouds);
        using var passphrase = Passphrases.Choose(
            context, passphraseFile, Passphrases.Variable, "New passphrase (write it down; without it nothing can be read): ");
        options = options with { Clouds = await CloudChoices.SignInAsync(options.Clouds, signIn, cancellation) };
        using var loggers = CommandLoggers.Create(context);
        await folders.MakeAsync(() => Drive.CreateAsync(folders.Volume, options, passphrase, Services.Create(loggers), cancellation));
        context.Terminal.Line($"Created drive '{name}' on {Plural.Of(clouds.Length, "cloud")}.");
        context.Terminal.Line($"Mount it with: cuckoo mount {name} MOUNTPOINT");
    }
}
