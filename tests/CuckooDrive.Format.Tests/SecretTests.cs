using CuckooDrive.Format.Tests.Support;

namespace CuckooDrive.Format.Tests;

public sealed class SecretTests
{
    [Fact]
    public void Secrets_print_as_stars()
    {
        using var secret = Secret.FromPassphrase("cuckoo's nest");
        Assert.Equal("***", secret.ToString());
        Assert.Equal("***", $"{secret}");
        Assert.Equal("cuckoo's nest"u8, secret.Bytes);
    }

    [Fact]
    public void Disposed_secrets_are_gone()
    {
        var secret = Secret.FromPassphrase("x");
        secret.Dispose();
        Assert.Throws<ObjectDisposedException>(() => secret.Bytes.Length);
    }

    [Fact]
    public void Passphrases_are_taken_as_typed()
    {
        using var composed = Secret.FromPassphrase("\u00e9 ");
        using var decomposed = Secret.FromPassphrase("e\u0301 ");
        Assert.Equal([0xC3, 0xA9, 0x20], composed.Bytes.ToArray());
        Assert.Equal([0x65, 0xCC, 0x81, 0x20], decomposed.Bytes.ToArray());
    }

    [Fact]
    public void Empty_and_oversized_secrets_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Secret.FromPassphrase(""));
        Assert.Throws<ArgumentException>(() => Secret.FromPassphrase(new string('x', Secret.MaximumLength + 1)));
        Assert.Throws<ArgumentException>(() => Secret.FromKeyFile(new byte[15]));
        Assert.Throws<ArgumentException>(() => Secret.FromKeyFile(new byte[Secret.MaximumLength + 1]));
    }

    [Fact]
    public void A_recovery_key_survives_typing()
    {
        using var secret = Secret.NewRecoveryKey(new FixedRandom("recovery"), out var text);
        Assert.Equal(SecretKind.RecoveryKey, secret.Kind);
        Assert.Matches("^([A-Z2-7]{5}-){7}[A-Z2-7]{5}$", text);
        foreach (var typed in new[] { text, text.ToLowerInvariant(), text.Replace('-', ' '), text.Replace("-", ""), $"  {text}\r\n" })
        {
            Assert.True(Secret.TryParseRecoveryKey(typed, out var parsed));
            Assert.Equal(secret.Bytes, parsed.Bytes);
            parsed.Dispose();
        }
    }

    [Fact]
    public void A_mistyped_recovery_key_is_noticed()
    {
        Secret.NewRecoveryKey(new FixedRandom("recovery"), out var text).Dispose();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '-')
                continue;
            foreach (var letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            {
                if (letter != text[i])
                    Assert.False(Secret.TryParseRecoveryKey(text[..i] + letter + text[(i + 1)..], out _));
            }
        }
        Assert.False(Secret.TryParseRecoveryKey("", out _));
        Assert.False(Secret.TryParseRecoveryKey(text.AsSpan(0, text.Length - 1), out _));
        Assert.False(Secret.TryParseRecoveryKey(text + "A", out _));
        Assert.False(Secret.TryParseRecoveryKey(text[..^1] + "1", out _));
    }

    [Fact]
    public void New_recovery_keys_differ()
    {
        Secret.NewRecoveryKey(out var first).Dispose();
        Secret.NewRecoveryKey(out var second).Dispose();
        Assert.NotEqual(first, second);
    }
}
