using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Tests.Credentials;

/// <summary>The sealed file of the storage commands' logins.</summary>
public sealed class AccountVaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CuckooPaths _paths;

    public AccountVaultTests() => _paths = new CuckooPaths(Path.Combine(_folder.Path, "config"), Path.Combine(_folder.Path, "state"));

    private string VaultPath => Path.Combine(_paths.State, "accounts");

    private string KeyPath => Path.Combine(_paths.State, "accounts.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Entries_are_kept_apart_replaced_and_removed()
    {
        var vault = Open();
        Assert.Null(vault.DescribeKey());
        Assert.Null(vault.Read("one"));
        Assert.False(vault.Write("one", null));

        vault.Write("one", Password("first"));
        vault.Write("two", Password("second"));
        vault.Write("one", Password("third"));

        var again = Open();
        Assert.Equal("third", again.Read("one")?[CloudSecret.Password]);
        Assert.Equal("second", again.Read("two")?[CloudSecret.Password]);
        Assert.True(again.Write("one", null));
        Assert.Null(vault.Read("one"));
        Assert.NotNull(vault.Read("two"));
        Assert.Contains(KeyPath, vault.DescribeKey(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_is_a_credential_store()
    {
        var store = Open().StoreFor("account");
        Assert.Null(await store.ReadAsync());

        await store.WriteAsync(Password("renewed"));

        Assert.Equal("renewed", (await Open().StoreFor("account").ReadAsync())?[CloudSecret.Password]);
    }

    [Fact]
    public void Files_are_for_their_user_alone_and_tell_nothing()
    {
        Open().Write("scheme://someone@host", Password("plain text"));

        foreach (var file in Directory.EnumerateFiles(_paths.State))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            var content = File.ReadAllBytes(file).AsSpan();
            Assert.True(content.IndexOf("plain text"u8) < 0 && content.IndexOf("someone"u8) < 0, file);
        }
        Assert.DoesNotContain(Directory.EnumerateFiles(_paths.State), file => file.EndsWith(".new", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_changed_or_missing_byte_is_noticed()
    {
        Open().Write("account", Password("secret"));
        var whole = File.ReadAllBytes(VaultPath);

        for (var at = 0; at < whole.Length; at++)
        {
            var changed = whole.ToArray();
            changed[at] ^= 0x10;
            AssertUnreadable(changed);
            AssertUnreadable(whole[..at]);
        }
        AssertUnreadable([.. whole, 0]);
        File.WriteAllBytes(VaultPath, whole);
        Assert.NotNull(Open().Read("account"));
    }

    [Fact]
    public void Without_its_key_the_file_stays_closed_and_is_not_overwritten()
    {
        Open().Write("account", Password("secret"));
        var sealedBytes = File.ReadAllBytes(VaultPath);
        File.Delete(KeyPath);

        Assert.Throws<UserException>(() => Open().Read("account"));
        Assert.Throws<UserException>(() => Open().Write("other", Password("more")));

        Assert.Equal(sealedBytes, File.ReadAllBytes(VaultPath));
        Assert.False(File.Exists(KeyPath));
    }

    [Fact]
    public void Writers_at_once_lose_nothing()
    {
        Parallel.For(0, 24, number => Open().Write($"account{number}", Password($"{number}")));

        var vault = Open();
        for (var number = 0; number < 24; number++)
            Assert.Equal($"{number}", vault.Read($"account{number}")?[CloudSecret.Password]);
    }

    [Fact]
    public void The_first_store_that_keeps_the_key_gets_it()
    {
        var forgetful = new KeyStore(7, keeps: false);
        var good = new KeyStore(9, keeps: true);
        var file = new KeyFileStore(KeyPath);
        new AccountVault(_paths, [forgetful, good, file], TimeProvider.System).Write("account", Password("secret"));

        Assert.Equal((1, 1), (forgetful.Saved, good.Saved));
        Assert.False(File.Exists(KeyPath));
        var again = new AccountVault(_paths, [file, good], TimeProvider.System);
        Assert.NotNull(again.Read("account"));
        Assert.Equal("store 9", again.DescribeKey());
        var locked = Assert.Throws<UserException>(() => new AccountVault(_paths, [new KeyStore(9, keeps: false)], TimeProvider.System).Read("account"));
        Assert.Contains("store 9", locked.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("webdavs://me@Host.example:8443/a/b", "webdavs://me@host.example:8443")]
    [InlineData("webdavs://me@host.example", "webdavs://me@host.example")]
    [InlineData("dropbox:/a", "dropbox:")]
    [InlineData("onedrive:/b?domain=work&access=full", "onedrive:?domain=work")]
    [InlineData("s3://bucket/prefix?endpoint=https://s3.example", "s3://bucket?endpoint=https%3A%2F%2Fs3.example")]
    public void Addresses_of_one_account_have_one_name(string url, string account) => Assert.Equal(account, AccountName.Of(url));

    private static CloudCredential Password(string value) => new([new(CloudSecret.Password, value)]);

    private AccountVault Open() => new(_paths, [new KeyFileStore(KeyPath)], TimeProvider.System);

    private void AssertUnreadable(byte[] content)
    {
        File.WriteAllBytes(VaultPath, content);
        Assert.Throws<UserException>(() => Open().Read("account"));
    }

    private sealed class KeyStore(byte number, bool keeps) : IVaultKeyStore
    {
        private byte[]? _key;

        public int Saved { get; private set; }

        public byte Number => number;

        public string Description => $"store {number}";

        public bool TrySave(ReadOnlySpan<byte> key)
        {
            Saved++;
            _key = keeps ? key.ToArray() : null;
            return true;
        }

        public byte[]? TryLoad() => _key;
    }
}
