namespace CuckooDrive.Mount.Fuse;

internal static class Placeholder;
