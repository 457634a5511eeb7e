namespace CuckooDrive.Clouds.Providers.Rclone;

/// <summary>
/// Turns rclone's words into the errors of the contract: it has one status for nearly everything, and the words of seventy
/// providers.
/// </summary>
internal static class RcloneErrors
{
    private static readonly (CloudErrorKind Kind, string[] Words)[] Meanings =
    [
        (CloudErrorKind.InvalidAddress, ["didn't find section in config", "didn't find backend", "unknown remote"]),
        (CloudErrorKind.NotFound, ["object not found", "directory not found", "not a directory", "is a directory", "no such file", "is a file not a directory"]),
        (CloudErrorKind.Unauthorized, ["invalid_grant", "couldn't fetch token", "unauthorized", "token expired", "empty token", "401"]),
        (CloudErrorKind.QuotaExceeded, ["no space left", "quota exceeded", "storagequotaexceeded", "insufficient storage", "insufficient_space", "account is full", "507"]),
        (CloudErrorKind.RateLimited, ["rate limit", "ratelimit", "too many requests", "slowdown", "too_many", "429"]),
        (CloudErrorKind.Forbidden, ["permission denied", "access denied", "accessdenied", "forbidden", "read-only", "read only", "403"]),
    ];

    public static CloudException Missing(string name) => new(CloudErrorKind.NotFound, $"There is no object named '{name}'.");

    public static CloudException Exists(string name) =>
        new(CloudErrorKind.AlreadyExists, $"An object named '{name}' exists already.");

    public static CloudException RootMissing(string remote) =>
        new(CloudErrorKind.NotFound, $"There is no folder '{remote}'; create it with rclone mkdir, or correct the address.");

    public static CloudException Translate(string remote, int status, string said)
    {
        var kind = CloudErrorKind.Transient;
        foreach (var (each, words) in Meanings)
        {
            if (words.Any(word => said.Contains(word, StringComparison.OrdinalIgnoreCase)))
            {
                kind = each;
                break;
            }
        }
        if (kind == CloudErrorKind.Transient && status == 404)
            kind = CloudErrorKind.NotFound;
        var name = remote[..(remote.IndexOf(':', 1) + 1)];
        return new CloudException(kind, kind switch
        {
            CloudErrorKind.InvalidAddress => $"rclone knows no remote '{name}'; make it with rclone config, or correct the address.",
            CloudErrorKind.NotFound => $"There is no such file or folder at '{remote}'.",
            // Nothing of what was said: it may hold a part of a login.
            CloudErrorKind.Unauthorized => $"The login of the rclone remote '{name}' has expired or is refused; run rclone config reconnect {name} and try again.",
            CloudErrorKind.QuotaExceeded => $"The account of the rclone remote '{name}' is full.",
            CloudErrorKind.RateLimited => $"The provider of the rclone remote '{name}' asks for fewer requests.",
            CloudErrorKind.Forbidden => $"The provider of the rclone remote '{name}' does not allow this; it may be read-only.",
            _ => $"rclone failed at '{remote}' (status {status}): {said.Split('\n')[0].TrimEnd('.')}.",
        });
    }
}
