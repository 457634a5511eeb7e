using System.Runtime.Versioning;
using CuckooDrive.Testing.Servers;

// Real processes, signals and mounts: Linux.
[assembly: SupportedOSPlatform("linux")]
[assembly: AssemblyFixture(typeof(TestServers))]
