using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests.Vectors;

internal static class HeaderVectors
{
    private const string Passphrase = "correct horse battery staple \u00e9";

    public static IEnumerable<HeaderVector> Write()
    {
        var random = new FixedRandom("headers");
        using var passphrase = Secret.FromPassphrase(Passphrase);
        var fileContent = Samples.Random(64, "key file");
        using var file = Secret.FromKeyFile(fileContent);
        using var recovery = Secret.NewRecoveryKey(random, out var recoveryText);

        var first = DriveHeader.Create(passphrase, "laptop", out var keys, Argon2Cost.Minimum, random);
        using var disposedAtTheEnd = keys;
        var all = first.AddSlot(keys, file, "stick", new Argon2Cost(32, 3, 4), random).AddSlot(keys, recovery, "paper", Argon2Cost.Minimum, random);
        var bytes = all.Encode();
        var master = VectorWriter.Hex(keys.Master);
        string[] labels = ["laptop", "stick", "paper"];

        HeaderVector Case(string note, byte[] encoded, HeaderError decode, UnlockError? unlock = null, SecretKind kind = SecretKind.Passphrase, string secret = Passphrase, string[]? opened = null) =>
            new(note, VectorWriter.Hex(encoded), decode.ToString(), kind.ToString(), secret, unlock?.ToString(), opened is null ? null : master, opened);

        var defaults = DriveHeader.Create(passphrase, "", out var otherKeys, null, random);
        var defaultMaster = VectorWriter.Hex(otherKeys.Master);
        otherKeys.Dispose();
        yield return Case("default cost", defaults.Encode(), HeaderError.None, UnlockError.None, opened: [""]) with { Master = defaultMaster };
        yield return Case("one slot", first.Encode(), HeaderError.None, UnlockError.None, opened: ["laptop"]);
        yield return Case("three slots, passphrase", bytes, HeaderError.None, UnlockError.None, opened: labels);
        yield return Case("three slots, key file", bytes, HeaderError.None, UnlockError.None, SecretKind.KeyFile, VectorWriter.Hex(fileContent), labels);
        yield return Case("three slots, recovery key", bytes, HeaderError.None, UnlockError.None, SecretKind.RecoveryKey, recoveryText, labels);

        yield return Case("wrong passphrase", bytes, HeaderError.None, UnlockError.WrongSecret, secret: "correct horse battery staple e\u0301");
        yield return Case("no slot of this kind", first.Encode(), HeaderError.None, UnlockError.NoSuchSlot, SecretKind.RecoveryKey, recoveryText);
        yield return Case("salt of the opened slot changed", Flip(bytes, 64), HeaderError.None, UnlockError.WrongSecret);
        yield return Case("cost of the opened slot changed", Flip(bytes, 48), HeaderError.None, UnlockError.WrongSecret);
        yield return Case("another slot changed", Flip(bytes, 40 + 104 + 30), HeaderError.None, UnlockError.HeaderChanged);
        yield return Case("sequence changed", Flip(bytes, 17), HeaderError.None, UnlockError.HeaderChanged);
        yield return Case("labels changed", Flip(bytes, bytes.Length - 100), HeaderError.None, UnlockError.HeaderChanged);
        yield return Case("tag changed", Flip(bytes, bytes.Length - 1), HeaderError.None, UnlockError.HeaderChanged);
        yield return Case("labels of the header before", [.. first.Encode()[..144], .. all.Encode()[^112..]], HeaderError.None, UnlockError.HeaderChanged);

        yield return Case("empty", [], HeaderError.Truncated);
        yield return Case("truncated", bytes[..^1], HeaderError.Truncated);
        yield return Case("extended", [.. bytes, 0], HeaderError.Extended);
        yield return Case("another magic", Flip(bytes, 0), HeaderError.NotAHeader);
        yield return Case("wrong version", Flip(bytes, 8), HeaderError.UnsupportedVersion);
        yield return Case("no slots", Flip(first.Encode(), 10), HeaderError.Malformed);
        yield return Case("a length that does not fit its slots", Flip(bytes, 12), HeaderError.Malformed);
        yield return Case("reserved bytes used", Flip(bytes, 37), HeaderError.Malformed);
        yield return Case("unknown kind of slot", Flip(bytes, 40, 0x40), HeaderError.Malformed);
        yield return Case("absurd memory", Flip(bytes, 40 + 8 + 3, 0x40), HeaderError.Malformed);
        yield return Case("absurd passes", Flip(bytes, 40 + 12 + 1), HeaderError.Malformed);
    }

    private static byte[] Flip(byte[] bytes, int at, byte mask = 1)
    {
        var copy = (byte[])bytes.Clone();
        copy[at] ^= mask;
        return copy;
    }
}
