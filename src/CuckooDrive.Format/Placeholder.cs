namespace CuckooDrive.Format;

internal static class Placeholder;
