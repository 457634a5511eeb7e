using System.Security.Cryptography;
using System.Text;
using CuckooDrive.Clouds.Providers.Sftp;
using CuckooDrive.Testing.Clouds;
using Xunit;

namespace CuckooDrive.Clouds.Tests.Servers;

/// <summary>The file format of sshd(8), in all its tastes.</summary>
public sealed class KnownHostsTests
{
    private static readonly string Key = Convert.ToBase64String("the key"u8);
    private static readonly string Other = Convert.ToBase64String("another key"u8);

    public static TheoryData<string, int, string> Lines => new()
    {
        { $"host.example ssh-ed25519 {Key} comment", 22, nameof(HostKeyVerdict.Trusted) },
        { $"\tHOST.example,1.2.3.4   ssh-ed25519\t{Key}", 22, nameof(HostKeyVerdict.Trusted) },
        { $"host.example ssh-ed25519 {Key}", 2222, nameof(HostKeyVerdict.Unknown) },
        { $"[host.example]:2222 ssh-ed25519 {Key}", 2222, nameof(HostKeyVerdict.Trusted) },
        { $"*.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Trusted) },
        { $"*.example,!host.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Unknown) },
        { $"h?st.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Trusted) },
        { $"other.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Unknown) },
        { $"host.example ssh-ed25519 {Other}", 22, nameof(HostKeyVerdict.Changed) },
        { $"host.example ssh-rsa {Other}\nhost.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Trusted) },
        { $"@revoked host.example ssh-ed25519 {Key}\nhost.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Revoked) },
        { $"host.example ssh-ed25519 {Key}\n@revoked * ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Revoked) },
        { $"@cert-authority *.example ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Unknown) },
        { $"# host.example ssh-ed25519 {Key}\n\n", 22, nameof(HostKeyVerdict.Unknown) },
        { "host.example ssh-ed25519 not!base64", 22, nameof(HostKeyVerdict.Unknown) },
        { "host.example", 22, nameof(HostKeyVerdict.Unknown) },
        { $"{Hashed("host.example")} ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Trusted) },
        { $"{Hashed("[host.example]:2222")} ssh-ed25519 {Key}", 2222, nameof(HostKeyVerdict.Trusted) },
        { $"{Hashed("other.example")} ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Unknown) },
        { $"|1|broken ssh-ed25519 {Key}", 22, nameof(HostKeyVerdict.Unknown) },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void Keys_are_judged_as_ssh_does(string lines, int port, string verdict)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["known_hosts"], lines);
        var known = new KnownHosts([folder["missing"], folder["known_hosts"]], "Host.example", port);
        Assert.Equal(verdict, known.Judge("the key"u8).ToString());
    }

    [Fact]
    public void The_types_of_the_known_keys_are_told()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["known_hosts"], $"a ssh-rsa {Key}\na ecdsa-sha2-nistp256 {Other}\nb ssh-ed25519 {Key}\n@revoked a ssh-dss {Key}");
        Assert.Equal(["ecdsa-sha2-nistp256", "ssh-rsa"], new KnownHosts([folder["known_hosts"]], "a", 22).KeyTypes.Order());
    }

    private static string Hashed(string name)
    {
        byte[] salt = [.. Enumerable.Range(0, 20).Select(each => (byte)each)];
        return $"|1|{Convert.ToBase64String(salt)}|{Convert.ToBase64String(HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name)))}";
    }
}
