using System.CommandLine;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Commands;

internal static class DemoCommand
{
    public static Command Create() => new("demo", "x");
}
