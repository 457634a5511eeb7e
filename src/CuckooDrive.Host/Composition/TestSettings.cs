using CuckooDrive.Format;

namespace CuckooDrive.Host.Composition;

/// <summary>Undocumented settings for automatic tests.</summary>
internal static class TestSettings
{
    /// <summary>With CUCKOO_TEST_CHEAP_PASSPHRASE=1 new key slots cost nearly nothing to open, and nearly nothing to guess.</summary>
    public static Argon2Cost PassphraseCost => Environment.GetEnvironmentVariable("CUCKOO_TEST_CHEAP_PASSPHRASE") == "1"
        ? Argon2Cost.Minimum
        : Argon2Cost.Default;
}
