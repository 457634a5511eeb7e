using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Storage;

/// <summary>Saves what comes from a cloud so that a file of the wanted name is always a complete one.</summary>
internal static class Download
{
    /// <summary>Writes under a temporary name beside the target, then renames.</summary>
    /// <exception cref="UserException">The content is shorter or longer than expected, or the target exists.</exception>
    public static async Task SaveAsync(Stream content, long expected, string target, bool replace, CancellationToken cancellation)
    {
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw UserException.Usage($"The folder of '{target}' does not exist; make it first.");
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():n}");
        try
        {
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous))
            {
                await content.CopyToAsync(file, 1 << 20, cancellation);
                if (file.Length != expected)
                    throw new UserException($"Only {file.Length} of {expected} bytes arrived, so '{target}' was not written; try again.");
                PrivateFiles.Sync(file);
            }
            Rename(temporary, target, replace);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Rename(string temporary, string target, bool replace)
    {
        try
        {
            File.Move(temporary, target, replace);
        }
        catch (IOException failure) when (!replace && File.Exists(target))
        {
            throw new UserException($"The file '{target}' exists; give another name, or --force to replace it.", ExitStatus.Failure, failure);
        }
    }
}
