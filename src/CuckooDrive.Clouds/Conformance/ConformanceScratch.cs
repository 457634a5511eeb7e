namespace CuckooDrive.Clouds.Conformance;

/// <summary>
/// A storage, a folder of it that belongs to one check alone, and the few things that checks do all the time.
/// </summary>
public sealed class ConformanceScratch(ICloudStorage storage, string folder)
{
    public ICloudStorage Storage => storage;

    /// <summary>The prefix of everything that the check may touch; ends with a slash.</summary>
    public string Folder => folder;

    public string Name(string name) => folder + name;

    /// <summary>Bytes that look random, the same for the same seed.</summary>
    public static byte[] Bytes(int length, int seed = 1)
    {
        var data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    public Task<CloudObject> WriteAsync(string name, byte[] data, CancellationToken cancellationToken) =>
        storage.WriteAsync(Name(name), CloudContent.FromMemory(data), cancellationToken);

    /// <summary>Reads a part by one call and checks the count that the call returns.</summary>
    public async Task<byte[]> ReadAsync(string name, long offset, int length, CancellationToken cancellationToken)
    {
        // Bytes behind what was read must stay untouched.
        var buffer = new byte[length + 8];
        buffer.AsSpan().Fill(0xA5);
        var read = await storage.ReadAsync(Name(name), offset, buffer.AsMemory(0, length), cancellationToken)
            .ConfigureAwait(false);
        Require(read >= 0 && read <= length, $"a read of {length} bytes returned {read}");
        Require(buffer.AsSpan(length).IndexOfAnyExcept((byte)0xA5) < 0, "a read wrote past the end of its buffer");
        return buffer[..read];
    }

    public async Task<byte[]> DownloadAsync(
        string name, long offset, long? length, CancellationToken cancellationToken)
    {
        await using var stream = await storage.OpenReadAsync(Name(name), offset, length, cancellationToken)
            .ConfigureAwait(false);
        using var data = new MemoryStream();
        await stream.CopyToAsync(data, cancellationToken).ConfigureAwait(false);
        return data.ToArray();
    }

    public async Task<List<CloudObject>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var objects = new List<CloudObject>();
        await foreach (var each in storage.ListAsync(Name(prefix), cancellationToken).ConfigureAwait(false))
            objects.Add(each);
        return objects;
    }

    /// <summary>
    /// Checks that a list shows exactly these objects (without the folder's name); waits a while for lists that lag behind.
    /// </summary>
    public async Task RequireListAsync(string prefix, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var expected = names.Select(Name).Order(StringComparer.Ordinal).ToList();
        for (var attempt = 0; ; attempt++)
        {
            var found = (await ListAsync(prefix, cancellationToken).ConfigureAwait(false))
                .Select(each => each.Name).Order(StringComparer.Ordinal).ToList();
            if (found.SequenceEqual(expected))
                return;
            if (storage.Capabilities.ConsistentList || attempt == 20)
            {
                throw new ConformanceException(
                    $"a list of '{prefix}' shows {found.Count} objects instead of {expected.Count}; " +
                    $"missing: {Some(expected.Except(found))}; unexpected: {Some(found.Except(expected))}; " +
                    $"twice: {Some(found.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key))}");
            }
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Checks that there is no object of that name, by every way to look.</summary>
    public async Task RequireAbsentAsync(string name, CancellationToken cancellationToken)
    {
        Require(
            await storage.StatAsync(Name(name), cancellationToken).ConfigureAwait(false) is null,
            $"'{name}' is there and should not be");
        await RequireFailureAsync(
            CloudErrorKind.NotFound, () => ReadAsync(name, 0, 1, cancellationToken), $"reading the absent '{name}'")
            .ConfigureAwait(false);
        if (storage.Capabilities.ConsistentList)
            Require((await ListAsync(name, cancellationToken).ConfigureAwait(false)).Count == 0, $"a list shows the absent '{name}'");
    }

    /// <summary>Checks that a call fails with one of the contract's errors of that kind.</summary>
    public static async Task<CloudException> RequireFailureAsync(CloudErrorKind kind, Func<Task> call, string what)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (CloudException failure)
        {
            Require(failure.Kind == kind, $"{what} fails with {failure.Kind} instead of {kind}: {failure.Message}");
            Require(failure.Message.Length > 0, $"{what} fails without a message");
            return failure;
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or ConformanceException))
        {
            throw new ConformanceException($"{what} throws {exception.GetType().Name} instead of a CloudException: {exception.Message}");
        }
        throw new ConformanceException($"{what} succeeds instead of failing with {kind}");
    }

    public static void Require(bool condition, string message)
    {
        if (!condition)
            throw new ConformanceException(message);
    }

    public static void RequireEqual(ReadOnlyMemory<byte> expected, byte[] actual, string what)
    {
        Require(actual.Length == expected.Length, $"{what} has {actual.Length} bytes instead of {expected.Length}");
        var same = expected.Span.CommonPrefixLength(actual);
        Require(same == expected.Length, $"{what} differs at byte {same} of {expected.Length}");
    }

    private static string Some(IEnumerable<string> names)
    {
        var some = names.Take(4).ToList();
        return some.Count == 0 ? "none" : string.Join(", ", some.Take(3)) + (some.Count > 3 ? ", ..." : "");
    }
}
