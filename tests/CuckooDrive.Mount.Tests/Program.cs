using CuckooDrive.Mount.Tests.Support;

namespace CuckooDrive.Mount.Tests;

/// <summary>Runs the tests, or with a verb one of the helper processes that they need.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is [HelperProcess.Verb, .. var helper])
            return await HelperProcess.RunAsync(helper);
        if (args.Contains("--server") || args.Contains("--internal-msbuild-node"))
            return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }
}
