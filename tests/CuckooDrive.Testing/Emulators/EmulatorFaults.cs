using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace CuckooDrive.Testing.Emulators;

/// <summary>Where a connection breaks.</summary>
public enum EmulatorReset
{
    None,
    /// <summary>Before anything has happened.</summary>
    BeforeEffect,
    /// <summary>After the effect, before a byte of the answer.</summary>
    AfterEffect,
    /// <summary>After the effect, in the body of the answer.</summary>
    InAnswer,
}

/// <summary>Something that goes wrong with requests.</summary>
public sealed record EmulatorFault
{
    /// <summary>For requests whose path contains this.</summary>
    public string Path { get; init; } = "";

    /// <summary>This many times.</summary>
    public int Times { get; init; } = 1;

    /// <summary>For this share of the requests, chosen by a seeded generator; the others are not counted.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Answer this status instead of doing anything; 0 for none.</summary>
    public int Status { get; init; }

    /// <summary>What the answer with <see cref="Status"/> says.</summary>
    public string Body { get; init; } = "";

    public string ContentType { get; init; } = "application/json";

    /// <summary>In seconds, as a header of the answer.</summary>
    public int? RetryAfter { get; init; }

    public EmulatorReset Reset { get; init; }

    /// <summary>How many bytes of the answer arrive before it breaks.</summary>
    public int ResetAfterBytes { get; init; } = 1000;

    /// <summary>Wait before anything else.</summary>
    public TimeSpan Delay { get; init; }
}

/// <summary>The faults of one emulator. Thread safe.</summary>
public sealed class EmulatorFaults
{
    private readonly Lock _gate = new();
    private readonly List<(EmulatorFault Fault, int Left)> _faults = [];
    private readonly Random _random = new(1);

    public void Add(EmulatorFault fault)
    {
        lock (_gate)
            _faults.Add((fault, fault.Times));
    }

    public void Clear()
    {
        lock (_gate)
            _faults.Clear();
    }

    internal async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (Take(context.Request.Path.Value ?? "") is not { } fault)
        {
            await next(context);
            return;
        }

        await Task.Delay(fault.Delay, context.RequestAborted);
        if (fault.Reset == EmulatorReset.BeforeEffect)
        {
            context.Abort();
        }
        else if (fault.Status != 0)
        {
            await AnswerAsync(context, fault);
        }
        else if (fault.Reset == EmulatorReset.None)
        {
            await next(context);
        }
        else
        {
            var limit = fault.Reset == EmulatorReset.AfterEffect ? 0 : fault.ResetAfterBytes;
            context.Response.Body = new BreakingStream(context, context.Response.Body, limit);
            await next(context);
            context.Abort();
        }
    }

    private static async Task AnswerAsync(HttpContext context, EmulatorFault fault)
    {
        // Read to the end: an answer while the client still sends may be lost with the connection.
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        context.Response.StatusCode = fault.Status;
        context.Response.ContentType = fault.ContentType;
        if (fault.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await context.Response.WriteAsync(fault.Body, Encoding.UTF8, context.RequestAborted);
    }

    private EmulatorFault? Take(string path)
    {
        lock (_gate)
        {
            for (var index = 0; index < _faults.Count; index++)
            {
                var (fault, left) = _faults[index];
                if (left == 0 || !path.Contains(fault.Path, StringComparison.Ordinal) || _random.NextDouble() >= fault.Share)
                    continue;
                _faults[index] = (fault, left - 1);
                return fault;
            }
        }
        return null;
    }

    /// <summary>Lets some bytes through and then cuts the connection.</summary>
    private sealed class BreakingStream(HttpContext context, Stream inner, int left) : Stream
    {
        private int _left = left;

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(buffer.Length, _left);
            if (count > 0)
            {
                await inner.WriteAsync(buffer[..count], cancellationToken);
                await inner.FlushAsync(cancellationToken);
            }
            _left -= count;
            if (count < buffer.Length)
                context.Abort();
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
