using System.CommandLine;
using CuckooDrive.Clouds;
using CuckooDrive.Clouds.Conformance;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.Storage;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage login: asks for what an account needs and keeps it for the storage commands.</summary>
internal static class StorageLoginCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var command = new Command("login", "Sign in to an account and keep the login, sealed, for the storage commands") { url };
        var secrets = CloudSecretOptions.AddTo(command);
        command.WithExamples(
            "cuckoo storage login webdavs://me@cloud.example.org/backup",
            "CUCKOO_SECRET_PASSWORD=... cuckoo storage login webdavs://me@cloud.example.org/backup");
        command.Run((result, context, cancellation) => RunAsync(context, result.GetValue(url)!, secrets.From(result, context), cancellation));
        return command;
    }

    private static async Task RunAsync(CommandContext context, string url, CloudSignIn signIn, CancellationToken cancellation)
    {
        try
        {
            if (await signIn.RunAsync(url, cancellation) is not { } credential)
            {
                context.Terminal.Line($"{url} needs no login.");
                return;
            }
            var vault = AccountVault.Open(context.Paths);
            var account = AccountName.Of(url);
            // Tried out before it is kept: whatever ends this sooner leaves the login that was there.
            var login = new MemoryCredentialStore(credential);
            var works = await TryOutAsync(context, url, login, cancellation);
            // With the tokens that the trial may have renewed.
            vault.Write(account, await login.ReadAsync(cancellation));
            context.Terminal.Line($"{(works ? "Signed in to" : "Kept the login of")} {account}, sealed with a key in {vault.DescribeKey()}.");
        }
        catch (CloudException failure)
        {
            throw StorageErrors.Explain(failure, url, null);
        }
    }

    /// <summary>One small request shows whether the login works. One that is refused is not kept.</summary>
    private static async Task<bool> TryOutAsync(
        CommandContext context, string url, ICredentialStore login, CancellationToken cancellation)
    {
        try
        {
            await using var session = StorageSession.Open(context, url, login);
            await session.Cloud.StatAsync($"{ConformanceSuite.Folder}none", cancellation);
            return true;
        }
        catch (CloudException failure) when (failure.Kind is CloudErrorKind.Unauthorized or CloudErrorKind.InvalidAddress)
        {
            throw new UserException(
                $"{failure.Message.TrimEnd('.')}; the login was not kept, check what you typed and run the command again.",
                failure.Kind == CloudErrorKind.InvalidAddress ? ExitStatus.WrongUsage : ExitStatus.Failure, failure);
        }
        catch (CloudException failure)
        {
            context.Terminal.Note($"Warning: the login is kept, but could not be tried out: {failure.Message}");
            return false;
        }
    }
}

/// <summary>cuckoo storage logout: forgets a login.</summary>
internal static class StorageLogoutCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var command = new Command("logout", "Forget the login of an account") { url };
        command.WithExamples("cuckoo storage logout webdavs://me@cloud.example.org/backup");
        command.Run((result, context, _) =>
        {
            var account = AccountName.Of(result.GetValue(url)!);
            var removed = AccountVault.Open(context.Paths).Write(account, null);
            context.Terminal.Line(removed ? $"Forgot the login of {account}." : $"There was no login of {account}.");
            return Task.CompletedTask;
        });
        return command;
    }
}
