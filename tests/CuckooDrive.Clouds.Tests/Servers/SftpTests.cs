using CuckooDrive.Clouds.Decorators;
using CuckooDrive.Testing.Clouds;
using CuckooDrive.Testing.Servers;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>Host keys, logins, and what users of SFTP do wrong.</summary>
public sealed class SftpTests
{
    private static string Folder => TestServers.Sftp["folder"];

    [Fact]
    public async Task An_unknown_host_key_is_refused_and_shown()
    {
        using var folder = new TemporaryFolder();
        await Failing.EveryCallAsync(
            SftpConformance.Open("root", $"known-hosts={folder["none"]}"), CloudErrorKind.Other, "is not known (SHA256:");
    }

    [Fact]
    public async Task A_changed_host_key_is_refused()
    {
        using var folder = new TemporaryFolder();
        var other = await File.ReadAllTextAsync(Path.Join(Folder, "other_key.pub"));
        await File.WriteAllTextAsync(folder["known"], $"[127.0.0.1]:{TestServers.Sftp["host"].Split(':')[1]} {other}");
        await Failing.EveryCallAsync(
            SftpConformance.Open("root", $"known-hosts={folder["known"]}"), CloudErrorKind.Other, "somebody may be in between");
    }

    [Fact]
    public async Task The_fingerprint_of_the_refusal_can_be_put_into_the_address()
    {
        using var folder = new TemporaryFolder();
        await using var refused = SftpConformance.Open("root", $"known-hosts={folder["none"]}");
        var failure = await Assert.ThrowsAsync<CloudException>(() => refused.StatAsync("a"));
        var print = failure.Message.Split("add ")[1].Split(' ')[0];
        await using var storage = SftpConformance.Open("root", Uri.EscapeDataString(print).Replace("%3D", "=", StringComparison.Ordinal));
        Assert.Null(await storage.StatAsync("a"));
        await Failing.EveryCallAsync(
            SftpConformance.Open("root", "host-key=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"),
            CloudErrorKind.Other,
            "not that of the address");
    }

    [Fact]
    public Task A_wrong_key_is_told() => Failing.EveryCallAsync(
        SftpConformance.Open("root", credential: SftpConformance.Key("other_key")), CloudErrorKind.Unauthorized, "check the user, the key");

    [Fact]
    public Task A_wrong_password_is_told_and_not_repeated() => Failing.EveryCallAsync(
        SftpConformance.Open("root", credential: CloudCredential.Empty.With(CloudSecret.Password, "hunter2")),
        CloudErrorKind.Unauthorized,
        "check the user, the key or the password",
        "hunter2");

    [Fact]
    public async Task A_sealed_key_needs_its_passphrase()
    {
        var sealedKey = SftpConformance.Key("sealed_key");
        await Failing.CallAsync(
            () => SftpConformance.Open("root", credential: sealedKey).StatAsync("a"), CloudErrorKind.Unauthorized, "passphrase");
        await Failing.CallAsync(
            () => SftpConformance.Open("root", credential: sealedKey.With(CloudSecret.PrivateKeyPassphrase, "hunter2")).StatAsync("a"),
            CloudErrorKind.Unauthorized,
            "passphrase is wrong",
            "hunter2");
        await using var storage = SftpConformance.Open(
            "root", credential: sealedKey.With(CloudSecret.PrivateKeyPassphrase, "open sesame"));
        Assert.Null(await storage.StatAsync("a"));
    }

    [Fact]
    public Task A_broken_key_is_told() => Failing.CallAsync(
        () => SftpConformance.Open("root", credential: CloudCredential.Empty.With(CloudSecret.PrivateKey, "not a key")).StatAsync("a"),
        CloudErrorKind.Unauthorized,
        "cannot be read");

    [Fact]
    public async Task The_agent_signs_and_a_key_file_does_too()
    {
        var before = Environment.GetEnvironmentVariable("SSH_AUTH_SOCK");
        try
        {
            Environment.SetEnvironmentVariable("SSH_AUTH_SOCK", Path.Join(Folder, "agent"));
            await using var byAgent = SftpConformance.Open("root", credential: CloudCredential.Empty);
            Assert.Null(await byAgent.StatAsync("a"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("SSH_AUTH_SOCK", before);
        }
        await using var byFile = SftpConformance.Open(
            "root", $"known-hosts={SftpConformance.KnownHosts}&key={Path.Join(Folder, "client_key")}", CloudCredential.Empty);
        Assert.Null(await byFile.StatAsync("a"));
    }

    [Fact]
    public Task A_missing_folder_is_told_and_not_made() => Failing.EveryCallAsync(
        SftpConformance.Open("missing/deep"), CloudErrorKind.NotFound, "create it or correct the address");

    [Fact]
    public Task A_file_is_no_folder() =>
        Failing.CallAsync(() => SftpConformance.Open("file").StatAsync("a"), CloudErrorKind.NotFound, "is a file");

    [Fact]
    public async Task The_folder_is_made_when_a_drive_is_created()
    {
        await using var storage = SftpConformance.Open("made/for me", createRoot: true);
        await storage.WriteAsync("a/b", CloudContent.FromMemory(new byte[5]));
        await using var again = SftpConformance.Open("made/for me");
        Assert.Equal(5, (await again.StatAsync("a/b"))!.Length);
    }

    [Fact]
    public async Task A_folder_that_somebody_removed_is_made_again_by_the_next_try()
    {
        await using var storage = SftpConformance.Open("shaken", createRoot: true);
        await storage.WriteAsync("a/b/c", CloudContent.FromMemory(new byte[5]));
        Directory.Delete(Path.Join(Folder, "shaken", "a"), recursive: true);
        Assert.Null(await storage.StatAsync("a/b/c"));
        await Failing.CallAsync(
            () => storage.WriteAsync("a/b/c", CloudContent.FromMemory(new byte[6])), CloudErrorKind.Transient, "removed meanwhile");
        await storage.WriteAsync("a/b/c", CloudContent.FromMemory(new byte[6]));
        Assert.Equal(6, (await storage.StatAsync("a/b/c"))!.Length);
        Assert.Empty(Directory.GetFiles(Path.Join(Folder, "shaken", ".cuckoo-upload")));
    }

    [Fact]
    public async Task A_cut_connection_is_transient_and_replaced()
    {
        using var relay = new Relay(TestServers.Sftp["host"]);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder["known"], $"[127.0.0.1]:{relay.Host.Split(':')[1]} {await File.ReadAllTextAsync(Path.Join(Folder, "host_key.pub"))}");
        await using var bare = CloudRegistry.Default.Open(
            $"sftp://{TestServers.Sftp["user"]}@{relay.Host}{Folder}/root?known-hosts={folder["known"]}",
            new CloudOpenOptions { Credentials = new MemoryCredentialStore(SftpConformance.Key()) });
        await bare.WriteAsync("cut", CloudContent.FromMemory(new byte[4 << 20]));
        await using (var stream = await bare.OpenReadAsync("cut"))
        {
            relay.Cut();
            await Failing.CallAsync(() => stream.CopyToAsync(Stream.Null), CloudErrorKind.Transient, "connection");
        }
        var storage = new RetryStorage(bare, new RetryOptions { FirstDelay = TimeSpan.FromMilliseconds(10) });
        Assert.Equal(4 << 20, (await storage.StatAsync("cut"))!.Length);
        await storage.DeleteAsync("cut");
    }

    [Theory]
    [InlineData("read")]
    [InlineData("open")]
    [InlineData("list")]
    [InlineData("write")]
    [InlineData("stat")]
    public async Task A_line_that_falls_silent_holds_nobody_up(string call)
    {
        using var relay = new Relay(TestServers.Sftp["host"]);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder["known"], $"[127.0.0.1]:{relay.Host.Split(':')[1]} {await File.ReadAllTextAsync(Path.Join(Folder, "host_key.pub"))}");
        var bare = CloudRegistry.Default.Open(
            $"sftp://{TestServers.Sftp["user"]}@{relay.Host}{Folder}/root?known-hosts={folder["known"]}",
            new CloudOpenOptions { Credentials = new MemoryCredentialStore(SftpConformance.Key()), Time = new HurriedTime() });
        var name = $"silent/{call}";
        await bare.WriteAsync(name, CloudContent.FromMemory(new byte[4 << 20]));
        var stream = await bare.OpenReadAsync(name);
        Assert.True(await stream.ReadAsync(new byte[1]) > 0);
        relay.Shape = new LineShape(TimeSpan.FromHours(1), null);

        // Not on this thread, which a library that blocks would hold up.
        await Task.Run(async () =>
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call switch
            {
                "read" => stream.CopyToAsync(Stream.Null, patience.Token),
                "open" => bare.OpenReadAsync(name, cancellationToken: patience.Token),
                "list" => bare.ListAsync("", patience.Token).CountAsync(CancellationToken.None).AsTask(),
                "write" => bare.WriteAsync($"{name}-new", CloudContent.FromMemory(new byte[4 << 20]), patience.Token),
                _ => bare.StatAsync(name, patience.Token),
            });
            await stream.DisposeAsync();
            await bare.DisposeAsync();
        }).WaitAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>Whose timers fire after a tenth of the time.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 10 : dueTime, period);
    }

    [Fact]
    public async Task Another_server_than_OpenSSH_must_be_named_so_and_takes_the_password()
    {
        var address = $"sftp://user@{TestServers.OtherSftp["host"]}/folder?host-key={TestServers.OtherSftp["host-key"].Replace("+", "%2B", StringComparison.Ordinal)}";
        var options = new CloudOpenOptions
        {
            Credentials = new MemoryCredentialStore(CloudCredential.Empty.With(CloudSecret.Password, TestServers.OtherSftp["password"])),
        };
        await Failing.EveryCallAsync(CloudRegistry.Default.Open(address, options), CloudErrorKind.Other, "create-once=false");
        await using var storage = CloudRegistry.Default.Open($"{address}&create-once=false", options);
        Assert.False(storage.Capabilities.CreateOnce);
        Assert.Null(await storage.StatAsync("a"));
        var failure = await Assert.ThrowsAsync<CloudException>(() => storage.WriteAsync("a", CloudContent.FromMemory(new byte[5])));
        Assert.True(failure.Kind is CloudErrorKind.Forbidden, failure.ToString());
    }

    [Theory]
    [InlineData("sftp://host/path", "sftp://user@host/path")]
    [InlineData("sftp://user@host", "sftp://user@host/path")]
    [InlineData("sftp:user@host:path", "sftp://user@host/path")]
    [InlineData("sftp://user@host/p?connections=0", "connections=1")]
    [InlineData("sftp://user@host/p?host-key=MD5:00", "host-key=SHA256:")]
    [InlineData("sftp://user@host/p?create-once=often", "create-once=true or create-once=false")]
    [InlineData("sftp://user@host/p?keyfile=x", "known-hosts, host-key, key")]
    public void A_wrong_address_gets_one_sentence_that_helps(string url, string help)
    {
        var failure = Assert.Throws<CloudException>(() => CloudRegistry.Default.Open(url));
        Assert.Equal(CloudErrorKind.InvalidAddress, failure.Kind);
        Assert.Contains(help, failure.Message);
        Assert.EndsWith(".", failure.Message);
    }
}
