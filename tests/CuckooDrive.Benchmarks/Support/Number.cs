using System.Globalization;

namespace CuckooDrive.Benchmarks.Support;

/// <summary>Numbers for people: three digits that count, no exponents.</summary>
internal static class Number
{
    public static string Format(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.000", CultureInfo.InvariantCulture),
    };
}
