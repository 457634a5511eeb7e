using System.CommandLine;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Output;

namespace CuckooDrive.Host.Commands.Storage;

/// <summary>cuckoo storage quota: how much room an account has.</summary>
internal static class StorageQuotaCommand
{
    public static Command Create()
    {
        var url = StorageCommand.Url();
        var json = CommonOptions.Json();
        var command = new Command("quota", "Show how much space an account has, uses and has left") { url, json };
        command.WithExamples("cuckoo storage quota file:///mnt/nas/backup");
        command.RunWithStorage(url, null, async (call, cancellation) =>
        {
            if (!call.Cloud.Capabilities.Quota)
                throw new UserException($"{call.Url} does not tell its space; look at the provider's own pages.");
            var quota = await call.Cloud.GetQuotaAsync(cancellation);
            if (call.Result.GetValue(json))
            {
                OutputJson.Print(call.Terminal, new StorageQuotaOutput(call.Url, quota.Total, quota.Used, quota.Free), OutputJson.Default.StorageQuotaOutput);
                return ExitStatus.Success;
            }
            call.Terminal.Line($"Total:  {Size(quota.Total)}");
            call.Terminal.Line($"Used:   {Size(quota.Used)}");
            call.Terminal.Line($"Free:   {Size(quota.Free)}");
            return ExitStatus.Success;
        });
        return command;
    }

    private static string Size(long? bytes) => bytes is { } known ? Terminal.Size(known) : "not told";
}
