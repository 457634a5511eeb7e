using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Fuse.Session;

/// <summary>The buffers of one mount, by size.</summary>
internal sealed class Buffers
{
    /// <summary>A request up to this length is copied into its own <see cref="Request"/>, so that a slow small request never holds a large buffer.</summary>
    public const int SmallRequest = 8192;

    /// <summary>The payload of a WRITE begins here: in_header (40) and write_in (40).</summary>
    public const int WritePayloadOffset = 80;

    public const int MaximumTransfer = 1 << 20;

    // As many as the kernel has under way, and as many again that are lent until they are flushed.
    private readonly PinnedBufferPool _requests = new(WritePayloadOffset, MaximumTransfer, keep: 32);
    private readonly PinnedBufferPool _largeReplies = new(OutHeader.Size, MaximumTransfer, keep: 18);
    private readonly PinnedBufferPool _mediumReplies = new(OutHeader.Size, 128 * 1024, keep: 32);

    public PinnedBuffer RentRequest() => _requests.Rent();

    /// <param name="payloadSize">At most <see cref="MaximumTransfer"/>.</param>
    public PinnedBuffer RentReply(int payloadSize) => PoolFor(payloadSize).Rent();

    private PinnedBufferPool PoolFor(int payloadSize) =>
        payloadSize <= _mediumReplies.PayloadSize ? _mediumReplies : _largeReplies;
}
