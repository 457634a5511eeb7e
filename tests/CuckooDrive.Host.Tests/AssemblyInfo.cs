using System.Runtime.Versioning;

// Real processes, signals and mounts: Linux.
[assembly: SupportedOSPlatform("linux")]
