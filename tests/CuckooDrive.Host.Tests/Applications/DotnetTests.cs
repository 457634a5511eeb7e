namespace CuckooDrive.Host.Tests.Applications;

/// <summary>The .NET SDK: a restore, a compiler and a program that is run from the drive by memory mapping.</summary>
public sealed class DotnetTests
{
    [Fact]
    public async Task A_console_program_is_made_built_run_and_built_again()
    {
        Shell.Require("dotnet");
        await using var drive = await ApplicationDrive.CreateAsync();

        // Build servers would outlive the test and hold the mount.
        const string Settings = """
            export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
            build() { dotnet build --disable-build-servers -v quiet -nologo > log || fail "$(cat log)"; }

            """;
        await Shell.RunAsync(drive.MountPoint, Settings + """
            dotnet new console -n Program -o program > log || fail "$(cat log)"
            cd program
            build
            [ "$(bin/Debug/*/Program)" = 'Hello, World!' ]
            """);

        await drive.VerifyAsync(Settings + """
            cd program
            [ "$(bin/Debug/*/Program)" = 'Hello, World!' ]
            echo 'Console.WriteLine(6 * 7);' > Program.cs
            build
            [ "$(bin/Debug/*/Program)" = 42 ]
            """);
    }
}
