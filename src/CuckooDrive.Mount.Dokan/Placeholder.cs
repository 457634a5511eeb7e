namespace CuckooDrive.Mount.Dokan;

internal static class Placeholder;
