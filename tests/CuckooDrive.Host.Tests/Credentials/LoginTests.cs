using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using CuckooDrive.Clouds;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.State;
using CuckooDrive.Testing.Host;
using CuckooDrive.Testing.Servers;

namespace CuckooDrive.Host.Tests.Credentials;

/// <summary>Logins through the real program, at a real server that wants a password.</summary>
public sealed class LoginTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _url = $"{TestServers.WebDav["address"]}/dav/{Guid.NewGuid():n}";
    private readonly Dictionary<string, string?> _environment;
    private readonly Dictionary<string, string?> _withPassword;

    public LoginTests()
    {
        _environment = _folder.Environment;
        // The keyring of whoever runs the tests is not theirs.
        _environment["DBUS_SESSION_BUS_ADDRESS"] = "disabled:";
        _withPassword = new Dictionary<string, string?>(_environment) { ["CUCKOO_SECRET_PASSWORD"] = TestServers.WebDav["password"] };
    }

    private string State => Path.Combine(_folder.Path, "home", "state");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_login_is_kept_sealed_and_forgotten_on_request()
    {
        var root = $"{TestServers.WebDav["address"]}/dav";
        (await RunAsync(_environment, "storage", "ls", root)).MustFail(1, "storage login");

        var login = (await RunAsync(_withPassword, "storage", "login", root)).MustSucceed();
        (await RunAsync(_environment, "storage", "stat", root, "no/such/object")).MustFail(1, "no object");
        (await RunAsync(_environment, "storage", "logout", root)).MustSucceed();
        (await RunAsync(_environment, "storage", "stat", root, "no/such/object")).MustFail(1, "storage login");

        Assert.Contains("accounts.key", login.Output, StringComparison.Ordinal);
        Assert.Contains("was no login", (await RunAsync(_environment, "storage", "logout", root)).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_that_does_not_work_is_not_kept_and_a_good_one_stays()
    {
        var root = $"{TestServers.WebDav["address"]}/dav";
        (await RunAsync(_withPassword, "storage", "login", root)).MustSucceed();
        var wrong = new Dictionary<string, string?>(_environment) { ["CUCKOO_SECRET_PASSWORD"] = "wrong" };

        (await RunAsync(wrong, "storage", "login", root)).MustFail(1, "not kept");
        (await RunAsync(_environment, "storage", "stat", root, "none")).MustFail(1, "no object");
        (await RunAsync(wrong, "storage", "stat", root, "none")).MustFail(1, "storage login");
    }

    [Fact]
    public async Task A_login_whose_trial_is_interrupted_is_not_kept_and_a_good_one_stays()
    {
        // Takes connections and says nothing.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var url = $"webdav://me@{silent.LocalEndpoint}/dav";
        Directory.CreateDirectory(State);
        var vault = new AccountVault(
            new CuckooPaths(Path.Combine(_folder.Path, "home", "config"), State), [new KeyFileStore(Path.Combine(State, "accounts.key"))], TimeProvider.System);
        vault.Write(AccountName.Of(url), CloudCredential.Empty.With(CloudSecret.Password, "good"));

        using var process = CuckooProcess.Start(CuckooProcess.Executable, _withPassword, "storage", "login", url);
        process.StandardInput.Close();
        using var connection = await silent.AcceptSocketAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await CuckooProcess.ToolAsync("kill", "-INT", $"{process.Id}");

        (await CuckooProcess.WaitAsync(process, "storage login")).MustFail(1, "nothing was lost");
        Assert.Equal("good", vault.Read(AccountName.Of(url))?[CloudSecret.Password]);
    }

    [Fact]
    public async Task Without_a_terminal_what_is_missing_is_named()
    {
        (await RunAsync(_environment, "storage", "login", _url)).MustFail(2, "password", "CUCKOO_SECRET_PASSWORD", "--secrets-file");
        (await RunAsync(_environment, "create", "photos", "--cloud", _url)).MustFail(2, "CUCKOO_SECRET_PASSWORD");
        Assert.False(Directory.Exists(Path.Combine(State, "drives", "photos")));
        Assert.Contains("needs no login", (await RunAsync(_environment, "storage", "login", "memory:")).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_without_an_address_is_not_sent_to_two_servers()
    {
        string[] create = ["create", "photos", "--cloud", _url, "--cloud", "webdav://me@127.0.0.1:1/x"];

        (await RunAsync(_withPassword, create)).MustFail(2, "[URL]", "127.0.0.1:1");
    }

    [Fact]
    public async Task The_key_goes_to_the_desktops_keyring_where_there_is_one()
    {
        // As libsecret's program behaves: the secret comes through its input, and goes out by its output.
        var keyring = _folder.Sub("keyring");
        var tool = Path.Combine(_folder.Sub("bin"), "secret-tool");
        File.WriteAllText(tool, $"""
            #!/bin/sh
            case "$1" in
                store) cat > "{keyring}/secret"; echo "$@" > "{keyring}/arguments" ;;
                lookup) cat "{keyring}/secret" 2> /dev/null ;;
            esac
            """);
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var root = $"{TestServers.WebDav["address"]}/dav";
        foreach (var environment in new[] { _environment, _withPassword })
        {
            environment["PATH"] = $"{Path.GetDirectoryName(tool)}:{Environment.GetEnvironmentVariable("PATH")}";
            environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere";
        }

        var login = (await RunAsync(_withPassword, "storage", "login", root)).MustSucceed();
        (await RunAsync(_environment, "storage", "stat", root, "none")).MustFail(1, "no object");

        Assert.Contains("keyring", login.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(State, "accounts.key")));
        var key = File.ReadAllText(Path.Combine(keyring, "secret"));
        Assert.Equal(32, Convert.FromBase64String(key).Length);
        Assert.DoesNotContain(key, File.ReadAllText(Path.Combine(keyring, "arguments")), StringComparison.Ordinal);
        File.Delete(Path.Combine(keyring, "secret"));
        (await RunAsync(_environment, "storage", "stat", root, "none")).MustFail(1, "keyring", "sign in again");
    }

    [Fact]
    public async Task A_drive_keeps_its_logins_and_each_machine_signs_in_by_itself()
    {
        var folder = _folder.Sub("cloud");
        var secrets = Path.Combine(_folder.Path, "secrets");
        File.WriteAllText(secrets, $"[{TestServers.WebDav["address"]}]\npassword={TestServers.WebDav["password"]}\n");
        File.SetUnixFileMode(secrets, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string[] clouds = ["--cloud", $"file://{folder}", "--cloud", _url];

        (await RunAsync(_environment, ["create", "photos", .. clouds, "--secrets-file", secrets])).MustSucceed();
        (await RunAsync(_environment, "flush", "photos")).MustSucceed();
        using var list = JsonDocument.Parse((await RunAsync(_environment, "cloud", "list", "photos", "--json")).MustSucceed().Output);
        // The drive's own, not the storage commands'.
        (await RunAsync(_environment, "storage", "ls", _url)).MustFail(1, "storage login");
        AssertHoldsNoPassword();
        Directory.Delete(Path.Combine(_folder.Path, "home"), recursive: true);
        (await RunAsync(_environment, ["attach", "photos", .. clouds])).MustFail(2, "CUCKOO_SECRET_PASSWORD");
        (await RunAsync(_withPassword, ["attach", "photos", .. clouds])).MustSucceed();
        (await RunAsync(_environment, "flush", "photos")).MustSucceed();

        Assert.All(list.RootElement.GetProperty("clouds").EnumerateArray(), cloud => Assert.True(cloud.GetProperty("reachable").GetBoolean()));
        AssertHoldsNoPassword();
    }

    [Fact]
    public async Task A_login_of_a_drive_can_be_renewed()
    {
        var folder = _folder.Sub("cloud");
        (await RunAsync(_withPassword, "create", "photos", "--cloud", $"file://{folder}", "--cloud", _url)).MustSucceed();
        var wrong = new Dictionary<string, string?>(_environment) { ["CUCKOO_SECRET_PASSWORD"] = "wrong" };

        (await RunAsync(wrong, "cloud", "login", "photos", _url)).MustSucceed();
        var away = await RunAsync(_environment, "doctor", "photos");
        (await RunAsync(_withPassword, "cloud", "login", "photos", _url[(_url.LastIndexOf('/') + 1)..])).MustSucceed();
        (await RunAsync(_environment, "doctor", "photos")).MustSucceed();

        Assert.Contains("cuckoo cloud login", away.Output + away.Error, StringComparison.Ordinal);
        (await RunAsync(_environment, "cloud", "login", "photos", "none")).MustFail(2, "no cloud 'none'");
        Assert.Contains("needs no login", (await RunAsync(_environment, "cloud", "login", "photos", "cloud")).MustSucceed().Output, StringComparison.Ordinal);
    }

    private static Task<CuckooResult> RunAsync(Dictionary<string, string?> environment, params string[] arguments) =>
        CuckooProcess.RunAsync(environment, arguments);

    private void AssertHoldsNoPassword()
    {
        foreach (var file in Directory.EnumerateFiles(State, "*", SearchOption.AllDirectories))
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(TestServers.WebDav["password"])) < 0, file);
    }
}
