using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Core.Drives;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Composition;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.Daemon;

namespace CuckooDrive.Host.Commands;

/// <summary>cuckoo cloud login: signs in to one of a drive's clouds again, after a login has ended or a password was changed.</summary>
internal static class CloudLoginCommand
{
    public static Command Create()
    {
        var drive = CommonOptions.DriveName();
        var cloud = new Argument<string>("CLOUD") { Description = "The cloud's name or address, as 'cuckoo cloud list' shows them" };
        var command = new Command("login", "Sign in again to a cloud of a drive, when its login has ended or its password was changed") { drive, cloud };
        var secrets = CloudSecretOptions.AddTo(command);
        var passphrase = SecretOptions.AddTo(command);
        command.WithExamples("cuckoo cloud login photos dropbox", "cuckoo cloud login photos webdavs://me@cloud.example.org/cuckoo");
        command.Run((result, context, cancellation) => RunAsync(
            context, result.GetValue(drive)!, result.GetValue(cloud)!, secrets.From(result, context), passphrase.From(result), cancellation));
        return command;
    }

    private static async Task RunAsync(
        CommandContext context, string name, string cloud, CloudSignIn signIn, SecretSource secrets, CancellationToken cancellation)
    {
        var folders = context.Paths.ExistingDrive(name);
        using var loggers = CommandLoggers.Create(context);
        // A drive that is mounted reads its logins again when one is refused, so none of its process is needed.
        using var passphrase = Passphrases.ReadSecret(context, secrets, $"Passphrase of '{name}': ");
        using var logins = await DriveLogins.OpenAsync(folders.Volume, passphrase, Services.Create(loggers), cancellation);
        var found = logins.Find(cloud);
        if (await signIn.RunAsync(found.Address, cancellation) is not { } credential)
        {
            context.Terminal.Line($"The cloud '{found.Name}' ({found.Address}) needs no login.");
            return;
        }
        await logins.WriteAsync(found, credential, cancellation);
        context.Terminal.Line($"Signed in to the cloud '{found.Name}' of '{name}'; the login is sealed in this machine's state of the drive.");
        if (await ControlClient.IsRunningAsync(folders, cancellation))
            context.Terminal.Line("The mounted drive uses it from its next try on.");
    }
}
