using CuckooDrive.Clouds;
using CuckooDrive.Core.Metadata;

namespace CuckooDrive.Core.Drives;

/// <summary>Turns what can go wrong below into what a user can act on.</summary>
internal static class DriveErrors
{
    public static async Task<T> GuardAsync<T>(string stateDirectory, Func<Task<T>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception exception) when (Translate(stateDirectory, exception) is { } translated)
        {
            throw translated;
        }
    }

    public static Task GuardAsync(string stateDirectory, Func<Task> action) => GuardAsync(stateDirectory, async () =>
    {
        await action().ConfigureAwait(false);
        return true;
    });

    private static DriveException? Translate(string stateDirectory, Exception exception) => exception switch
    {
        FencedException => new DriveException(DriveErrorKind.Fenced, exception.Message, exception),
        CloudException { Kind: CloudErrorKind.InvalidAddress } => new DriveException(DriveErrorKind.InvalidOption, exception.Message, exception),
        CloudException => new DriveException(DriveErrorKind.NotEnoughClouds, $"A cloud cannot be used: {exception.Message}", exception),
        MetadataCorruptException or InvalidDataException => new DriveException(DriveErrorKind.Damaged,
            $"The drive's local state in {stateDirectory} is damaged ({exception.Message}); remove that folder and attach the drive again from its clouds.", exception),
        UnauthorizedAccessException or IOException => new DriveException(DriveErrorKind.LocalState,
            $"The folder {stateDirectory} cannot be used: {exception.Message}", exception),
        _ => null,
    };
}
