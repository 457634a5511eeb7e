using CuckooDrive.Clouds;
using CuckooDrive.Host.CommandLine;

namespace CuckooDrive.Host.Storage;

/// <summary>Adds to what a storage says what to do next.</summary>
internal static class StorageErrors
{
    /// <param name="failure">What the storage reported.</param>
    /// <param name="url">The address as it was given.</param>
    /// <param name="name">The object that the command was about; null when it was about none or many.</param>
    public static UserException Explain(CloudException failure, string url, string? name) => new(
        Sentence(failure, url, name),
        failure.Kind is CloudErrorKind.InvalidAddress or CloudErrorKind.InvalidName ? ExitStatus.WrongUsage : ExitStatus.Failure,
        failure);

    public static UserException Missing(string url, string name) =>
        new($"There is no object '{name}' at {url}; 'cuckoo storage ls {url}' shows what is there.");

    private static string Sentence(CloudException failure, string url, string? name)
    {
        var said = failure.Message.TrimEnd('.', ' ');
        return failure.Kind switch
        {
            CloudErrorKind.AlreadyExists when name is not null =>
                $"'{name}' is at {url} already and is never replaced; choose another name, or remove it first with: cuckoo storage rm {url} {name}",
            CloudErrorKind.InvalidName =>
                $"{said}; use at most {ObjectName.MaximumLength} of the characters a-z 0-9 . _ - and / between folders.",
            CloudErrorKind.Unauthorized when said.Contains("sign in", StringComparison.OrdinalIgnoreCase) => $"{said}: cuckoo storage login {url}",
            CloudErrorKind.Unauthorized => $"{said}; sign in again with: cuckoo storage login {url}",
            CloudErrorKind.Forbidden => $"{url} refuses this: {said}; check what the account may do there.",
            CloudErrorKind.QuotaExceeded => $"{url} is full: {said}; free some space there.",
            CloudErrorKind.RateLimited => $"{url} asks to slow down: {said}; try again {When(failure.RetryAfter)}.",
            CloudErrorKind.Transient => $"{url} does not answer as it should: {said}; check the connection and try again.",
            CloudErrorKind.Corrupt => $"What {url} sent is damaged: {said}; try again, and check what lies between here and there.",
            _ => failure.Message,
        };
    }

    private static string When(TimeSpan? wait) =>
        wait is { } span ? $"in {Plural.Of((long)Math.Ceiling(span.TotalSeconds), "second")}" : "later";
}
