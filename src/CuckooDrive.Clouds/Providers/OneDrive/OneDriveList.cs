using System.Runtime.CompilerServices;
using CuckooDrive.Clouds.Http;

namespace CuckooDrive.Clouds.Providers.OneDrive;

/// <summary>Lists objects: folder by folder, page by page.</summary>
internal static class OneDriveList
{
    private const string FirstPage = "/children?$top=1000&" + OneDriveItem.Select;

    public static async IAsyncEnumerable<CloudObject> RunAsync(
        OneDriveClient client, OneDriveFolders folders, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The root is looked at in any case: a list of nothing must not come from a wrong account.
        await folders.RequireRootAsync(cancellationToken).ConfigureAwait(false);
        if (!ObjectPrefix.TryFolder(prefix, out var start))
            yield break;

        var open = new Stack<string>([start]);
        while (open.TryPop(out var folder))
        {
            var first = client.Address(folder, FirstPage);
            for (Uri? page = first; page is not null;)
            {
                var (items, next) = await PageAsync(client, folders, page, page == first, folder, cancellationToken).ConfigureAwait(false);
                foreach (var item in items)
                {
                    if (OneDriveNames.Decode(item.Name) is not { } segment)
                        continue;
                    var name = folder.Length == 0 ? segment : $"{folder}/{segment}";
                    if (!ObjectName.IsValid(name))
                        continue;
                    if (item.IsFile && name.StartsWith(prefix, StringComparison.Ordinal))
                        yield return item.Describe(name);
                    else if (item.IsFolder && $"{name}/".StartsWith(prefix, StringComparison.Ordinal))
                        open.Push(name);
                }
                page = next;
            }
        }
    }

    private static async Task<(IReadOnlyList<OneDriveItem> Items, Uri? Next)> PageAsync(
        OneDriveClient client, OneDriveFolders folders, Uri page, bool isFirst, string folder, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.GetAsync(page, folder, cancellationToken).ConfigureAwait(false);
            return ([.. answer.Items("value").Select(OneDriveItem.Parse)], NextPage(answer.TextOrNull("@odata.nextLink"), page));
        }
        catch (CloudException failure) when (failure.Kind == CloudErrorKind.NotFound)
        {
            // With the root it would only seem that there is nothing, also a moment after it was seen.
            await folders.LookAsync(cancellationToken).ConfigureAwait(false);
            // Never was there, or went away meanwhile; but what was begun is not all there is.
            return isFirst ? ([], null) : throw new CloudException(
                CloudErrorKind.Transient, $"OneDrive lost its place in the list of '{folder}'.", failure);
        }
    }

    // The token goes along with the request for the next page: only to where it went before.
    private static Uri? NextPage(string? link, Uri page)
    {
        if (link is null)
            return null;
        return Uri.TryCreate(link, UriKind.Absolute, out var next) && next.Scheme == page.Scheme && next.Authority == page.Authority
            ? next
            : throw new CloudException(CloudErrorKind.Corrupt, "OneDrive told an address of somebody else for the next page of a list.");
    }
}
