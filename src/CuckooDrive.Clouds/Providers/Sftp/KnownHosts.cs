using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;

namespace CuckooDrive.Clouds.Providers.Sftp;

/// <summary>What files of known hosts say about a server's key.</summary>
internal enum HostKeyVerdict
{
    Unknown,
    Trusted,
    /// <summary>Another key is known for this host.</summary>
    Changed,
    Revoked,
}

/// <summary>
/// The keys of one host in files of the form that sshd(8) describes under SSH_KNOWN_HOSTS FILE FORMAT: names, patterns, hashed
/// names, ports, revoked keys. Certificate authorities are passed over. Immutable.
/// </summary>
internal sealed class KnownHosts
{
    private readonly List<(string Type, byte[] Key, bool IsRevoked)> _keys = [];

    /// <summary>Files that are not there count as empty.</summary>
    public KnownHosts(IEnumerable<string> files, string host, int port)
    {
        var name = port == 22 ? host.ToLowerInvariant() : $"[{host.ToLowerInvariant()}]:{port}";
        foreach (var file in files.Where(File.Exists))
        {
            foreach (var line in File.ReadLines(file))
                Add(line, name);
        }
    }

    /// <summary>The files that ssh itself reads.</summary>
    public static IEnumerable<string> UsualFiles =>
    [
        Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh", "known_hosts"),
        "/etc/ssh/ssh_known_hosts",
    ];

    /// <summary>The types of the keys that the host is known to have: it must be asked for one of these.</summary>
    public IReadOnlySet<string> KeyTypes => _keys.Where(key => !key.IsRevoked).Select(key => key.Type).ToHashSet(StringComparer.Ordinal);

    public HostKeyVerdict Judge(ReadOnlySpan<byte> key)
    {
        var verdict = HostKeyVerdict.Unknown;
        foreach (var known in _keys)
        {
            var same = key.SequenceEqual(known.Key);
            if (same && known.IsRevoked)
                return HostKeyVerdict.Revoked;
            if (same)
                verdict = HostKeyVerdict.Trusted;
            else if (!known.IsRevoked && verdict == HostKeyVerdict.Unknown)
                verdict = HostKeyVerdict.Changed;
        }
        return verdict;
    }

    private void Add(string line, string host)
    {
        var fields = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var isRevoked = fields.Length > 0 && fields[0] == "@revoked";
        if (isRevoked)
            fields = fields[1..];
        if (fields.Length < 3 || fields[0][0] is '#' or '@' || !Matches(fields[0], host))
            return;
        var key = new byte[fields[2].Length];
        // A line that is damaged says nothing, as for ssh.
        if (Convert.TryFromBase64String(fields[2], key, out var length))
            _keys.Add((fields[1], key[..length], isRevoked));
    }

    private static bool Matches(string names, string host)
    {
        if (names.StartsWith("|1|", StringComparison.Ordinal))
            return MatchesHashed(names, host);
        var found = false;
        foreach (var pattern in names.Split(','))
        {
            var isExcluded = pattern.StartsWith('!');
            if (FileSystemName.MatchesSimpleExpression(pattern.AsSpan(isExcluded ? 1 : 0), host))
            {
                if (isExcluded)
                    return false;
                found = true;
            }
        }
        return found;
    }

    private static bool MatchesHashed(string names, string host)
    {
        var parts = names.Split('|');
        if (parts.Length != 4)
            return false;
        var salt = new byte[parts[2].Length];
        var hash = new byte[parts[3].Length];
        return Convert.TryFromBase64String(parts[2], salt, out var saltLength) &&
            Convert.TryFromBase64String(parts[3], hash, out var hashLength) &&
            HMACSHA1.HashData(salt.AsSpan(0, saltLength), Encoding.UTF8.GetBytes(host)).AsSpan().SequenceEqual(hash.AsSpan(0, hashLength));
    }
}
