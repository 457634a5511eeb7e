using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Format.Tests.Support;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

namespace CuckooDrive.Format.Tests;

public sealed class KeysTests
{
    [Fact]
    public void Hkdf_is_rfc_5869()
    {
        // Test case 1 of appendix A.
        var secret = Enumerable.Repeat((byte)0x0b, 22).ToArray();
        var expanded = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 42, Convert.FromHexString("000102030405060708090a0b0c"), Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9"));
        Assert.Equal("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", Convert.ToHexStringLower(expanded));
    }

    [Fact]
    public void Subkeys_are_hkdf_of_master_drive_purpose_and_context()
    {
        using var keys = Samples.Keys();
        var derived = new byte[80];
        keys.Derive(KeyPurpose.Journal, "context"u8, derived);
        var expected = HKDF.DeriveKey(
            HashAlgorithmName.SHA256,
            new FixedRandom("drive master").Bytes(32),
            80,
            new FixedRandom("drive id").Bytes(16),
            Encoding.ASCII.GetBytes("cuckoodrive/1/journal\0context"));
        Assert.Equal(expected, derived);
    }

    [Fact]
    public void Every_purpose_context_and_drive_has_its_own_key()
    {
        var seen = new HashSet<string>();
        foreach (var name in new[] { "drive", "other" })
        {
            using var keys = Samples.Keys(name);
            foreach (var purpose in Enum.GetValues<KeyPurpose>())
            {
                foreach (var context in new[] { "", "\0", "a", "a\0" })
                {
                    var key = new byte[32];
                    keys.Derive(purpose, Encoding.ASCII.GetBytes(context), key);
                    Assert.True(seen.Add(Convert.ToHexString(key)));
                }
            }
        }
        using var any = Samples.Keys();
        Assert.Throws<ArgumentOutOfRangeException>(() => any.Derive((KeyPurpose)99, default, new byte[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => any.Derive(KeyPurpose.Pack, new byte[257], new byte[32]));
    }

    [Fact]
    public void Disposed_keys_give_nothing()
    {
        var keys = Samples.Keys();
        keys.Dispose();
        Assert.Throws<ObjectDisposedException>(() => keys.Derive(KeyPurpose.Pack, default, new byte[32]));
        Assert.Throws<ObjectDisposedException>(() => keys.Master.Length);
        Assert.Equal("***", keys.ToString());
    }

    [Fact]
    public async Task Keys_disposed_in_the_middle_never_give_keys_of_zeros()
    {
        for (var round = 0; round < 20; round++)
        {
            var keys = Samples.Keys();
            using var hasher = new NameHasher(keys);
            var key = new byte[32];
            var hash = new byte[16];
            keys.Derive(KeyPurpose.Pack, default, key);
            hasher.Compute(1, "name"u8, hash);
            var work = Task.Run(() =>
            {
                var again = new byte[32];
                var hashAgain = new byte[16];
                var disposed = false;
                while (!disposed)
                {
                    disposed |= IsDisposed(() => keys.Derive(KeyPurpose.Pack, default, again));
                    Assert.True(disposed || key.AsSpan().SequenceEqual(again));
                }
                for (disposed = false; !disposed;)
                {
                    disposed |= IsDisposed(() => hasher.Compute(1, "name"u8, hashAgain));
                    Assert.True(disposed || hash.AsSpan().SequenceEqual(hashAgain));
                }
            });
            await Task.Yield();
            Thread.SpinWait(round * 500);
            keys.Dispose();
            Thread.SpinWait(round * 500);
            hasher.Dispose();
            await work.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    private static bool IsDisposed(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    [Fact]
    public void Lengths_are_checked()
    {
        Assert.Throws<ArgumentException>(() => DriveKeys.FromMaster(new byte[31], new byte[16]));
        Assert.Throws<ArgumentException>(() => DriveKeys.FromMaster(new byte[32], new byte[17]));
    }

    [Fact]
    public void The_argon2_library_is_rfc_9106()
    {
        // Section 5.3, which also uses a secret and associated data.
        var parameters = new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
            .WithVersion(Argon2Parameters.Version13).WithMemoryAsKB(32).WithIterations(3).WithParallelism(4)
            .WithSalt([.. Enumerable.Repeat((byte)2, 16)])
            .WithSecret([.. Enumerable.Repeat((byte)3, 8)])
            .WithAdditional([.. Enumerable.Repeat((byte)4, 12)])
            .Build();
        var generator = new Argon2BytesGenerator();
        generator.Init(parameters);
        var tag = new byte[32];
        generator.GenerateBytes([.. Enumerable.Repeat((byte)1, 32)], tag);
        Assert.Equal("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", Convert.ToHexStringLower(tag));
    }

    [Theory]
    [InlineData(256, 2, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe")]
    [InlineData(256, 2, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037")]
    [InlineData(65536, 2, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7")]
    public void Our_derivation_is_argon2id(int memory, int passes, int lanes, string expected)
    {
        // The tests of the reference implementation.
        var derived = new byte[32];
        new Argon2Cost(memory, passes, lanes).Derive("password"u8, "somesalt"u8, derived);
        Assert.Equal(expected, Convert.ToHexStringLower(derived));
    }

    [Theory]
    [InlineData(65536, 3, 4, true)]
    [InlineData(8, 1, 1, true)]
    [InlineData(1048576, 4, 16, true)]
    [InlineData(1048577, 1, 1, false)]
    [InlineData(1048576, 5, 4, false)]
    [InlineData(65536, 17, 4, false)]
    [InlineData(65536, 0, 4, false)]
    [InlineData(65536, 3, 17, false)]
    [InlineData(65536, 3, 0, false)]
    [InlineData(7, 1, 1, false)]
    [InlineData(31, 1, 4, false)]
    [InlineData(-1, 1, 1, false)]
    [InlineData(int.MinValue, 1, 1, false)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, false)]
    public void Absurd_costs_are_refused_before_computing(int memory, int passes, int lanes, bool acceptable)
    {
        var cost = new Argon2Cost(memory, passes, lanes);
        Assert.Equal(acceptable, cost.IsAcceptable);
        if (!acceptable)
            Assert.Throws<ArgumentException>(() => cost.Derive("password"u8, "somesalt"u8, new byte[32]));
    }

    [Fact]
    public void The_default_cost_is_fixed() => Assert.Equal(new Argon2Cost(65536, 3, 4), Argon2Cost.Default);
}
