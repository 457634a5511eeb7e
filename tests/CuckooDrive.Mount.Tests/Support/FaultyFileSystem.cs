using System.Reflection;
using System.Text;
using CuckooDrive.Core.Volume;

namespace CuckooDrive.Mount.Tests.Support;

/// <summary>A file system that misbehaves when asked for certain extended attributes, and counts what is written.</summary>
public class FaultyFileSystem : DispatchProxy
{
    /// <summary>Never answers until cancelled.</summary>
    public const string Hang = "user.hang";

    /// <summary>Answers "missing" when somebody has asked for <see cref="Go"/>, unless cancelled.</summary>
    public const string Wait = "user.wait";

    public const string Go = "user.go";

    public const string Throw = "user.throw";

    public const string ThrowLater = "user.throw-later";

    private static readonly TaskCompletionSource Gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static long _bytesWritten;

    private IFileSystem _inner = null!;
    private bool _slow;

    public static long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public static IFileSystem Around(IFileSystem inner, bool slow)
    {
        var proxy = Create<IFileSystem, FaultyFileSystem>();
        ((FaultyFileSystem)(object)proxy)._inner = inner;
        ((FaultyFileSystem)(object)proxy)._slow = slow;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == nameof(IFileSystem.GetExtendedAttributeAsync))
        {
            var name = Encoding.UTF8.GetString(((ReadOnlyMemory<byte>)args![1]!).Span);
            var cancellationToken = (CancellationToken)args[2]!;
            switch (name)
            {
                case Hang: return HangAsync(cancellationToken);
                case Wait: return WaitAsync(cancellationToken);
                case Go: Gone.TrySetResult(); break;
                case Throw: throw new InvalidOperationException("as the test wants");
                case ThrowLater: return ThrowLaterAsync();
            }
        }
        if (targetMethod.Name == nameof(IFileSystem.WriteAsync))
            CountWrite(((ReadOnlyMemory<byte>)args![3]!).Length);
        return targetMethod.Invoke(_inner, args);
    }

    private void CountWrite(int length)
    {
        if (_slow)
            Thread.Sleep(20);
        Interlocked.Add(ref _bytesWritten, length);
    }

    private static async ValueTask<FsResult<ReadOnlyMemory<byte>>> HangAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return FsError.Io;
    }

    private static async ValueTask<FsResult<ReadOnlyMemory<byte>>> WaitAsync(CancellationToken cancellationToken)
    {
        await Gone.Task.WaitAsync(cancellationToken);
        return FsError.NoData;
    }

    private static async ValueTask<FsResult<ReadOnlyMemory<byte>>> ThrowLaterAsync()
    {
        await Task.Yield();
        throw new InvalidOperationException("as the test wants");
    }
}
