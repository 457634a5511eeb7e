using CuckooDrive.Clouds;
using CuckooDrive.Format;

namespace CuckooDrive.Core.Drives;

/// <summary>One of the clouds that a drive is attached from, and what it shows.</summary>
internal sealed class AttachSource(CloudChoice choice, UnsettledCredentialStore credential, ICloudStorage storage)
{
    public CloudChoice Choice => choice;

    /// <summary>Its secrets, in memory until it is known which cloud of the drive it is.</summary>
    public UnsettledCredentialStore Credential => credential;

    public ICloudStorage Storage => storage;

    /// <summary>Its headers; empty when it did not answer.</summary>
    public List<FoundHeader> Headers { get; private set; } = [];

    /// <summary>Which cloud of the drive it is; null when its member object is missing or damaged.</summary>
    public Member? Member { get; private set; }

    public HashSet<(ulong Epoch, ulong Index)> Segments { get; } = [];

    public HashSet<(ulong Epoch, ulong Index)> Roots { get; } = [];

    /// <summary>The highest epoch that a device claims here with the drive's key.</summary>
    public ulong HighestClaim { get; private set; }

    /// <summary>Why it is of no use; null while it is.</summary>
    public string? Failure { get; private set; }

    /// <summary>Runs a step; a failing cloud drops out and says why.</summary>
    public async Task TryAsync(Func<Task> step, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Failure is not null)
            return;
        using var limit = new CancellationTokenSource(patience, time);
        try
        {
            await step().WaitAsync(limit.Token).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CloudException exception)
        {
            Failure = $"The cloud {choice.Address} cannot be used: {exception.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Failure = $"The cloud {choice.Address} does not answer.";
        }
    }

    /// <summary>
    /// A whole object, or null when it cannot be had, which is told to <paramref name="problems"/>. A cloud that falls
    /// silent drops out, so that it holds up one read and not each.
    /// </summary>
    public async Task<byte[]?> TryReadAsync(string name, int limit, Action<string> problems, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Failure is not null)
            return null;
        using var silence = new CancellationTokenSource(patience, time);
        try
        {
            return await CloudObjects.ReadAsync(storage, name, limit, cancellationToken).WaitAsync(silence.Token).ConfigureAwait(false);
        }
        catch (CloudException exception)
        {
            problems(exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Failure = $"The cloud {choice.Address} does not answer.";
        }
        return null;
    }

    public void Exclude(string why) => Failure = $"The cloud {choice.Address} {why}";

    public async Task ReadHeadersAsync(Action<string> problems, CancellationToken cancellationToken)
    {
        Headers = await HeaderObjects.ReadAsync(storage, problems, cancellationToken).ConfigureAwait(false);
        if (Headers.Count == 0)
            Failure = $"The cloud {choice.Address} holds no drive.";
    }

    public async Task IdentifyAsync(ObjectSealer sealer, CancellationToken cancellationToken)
    {
        foreach (var name in await CloudObjects.ListAsync(storage, ObjectNames.MemberPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (!ObjectNames.TryParseMember(name, out var cloud))
                continue;
            var bytes = await CloudObjects.ReadAsync(storage, name, CloudObjects.SmallLimit, cancellationToken).ConfigureAwait(false);
            if (MemberObjects.TryOpen(sealer, cloud, bytes, out var member))
                Member = member;
        }
        HighestClaim = (await LeaseObjects.FindHigherAsync(storage, sealer, 0, cancellationToken).ConfigureAwait(false))?.Epoch ?? 0;
    }

    /// <summary>Reads the names of segments and roots anew.</summary>
    public async Task ListAsync(CancellationToken cancellationToken)
    {
        foreach (var name in await CloudObjects.ListAsync(storage, ObjectNames.JournalPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectNames.TryParseJournal(name, out var epoch, out var index))
                Segments.Add((epoch, index));
        }
        foreach (var name in await CloudObjects.ListAsync(storage, ObjectNames.RootPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (ObjectNames.TryParseRoot(name, out var epoch, out var index))
                Roots.Add((epoch, index));
        }
    }
}
