using System.Reflection;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>A file system that keeps the memory of what is written: no later request may change it.</summary>
public class LendingTests
{
    /// <summary>More than a small request, which is copied, and less than a socket takes at once.</summary>
    private const int Length = 64 << 10;

    public LendingTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_file_system_keeps_stays_as_it_was_written(bool late)
    {
        var fileSystem = DispatchProxy.Create<IFileSystem, KeepingFileSystem>();
        var keeping = (KeepingFileSystem)(object)fileSystem;
        keeping.Inner = new MemoryFileSystem(TimeProvider.System);
        keeping.AnswersLate = late;
        await using var kernel = new SimulatedKernel(fileSystem);
        for (var i = 0; i < 40; i++)
        {
            var content = new byte[Length];
            content.AsSpan().Fill((byte)(i + 1));
            var write = new WriteIn { Size = Length, Offset = (ulong)i * Length, WriteFlags = WriteFlags.FromPageCache };
            kernel.SendRaw(kernel.Build(Opcode.Write, 2, [.. SimulatedKernel.Bytes(write), .. content]));
            Assert.Equal((uint)Length, kernel.ReadWritten().Written);
            // Some are given back soon, so that there are buffers to be used again.
            if (i % 3 == 0)
                keeping.GiveBack(0);
        }
        Assert.True(keeping.Kept.Count > 20);
        Assert.All(keeping.Kept, static kept => Assert.Equal(-1, kept.Data.Span.IndexOfAnyExcept(kept.First)));
        Assert.Equal(keeping.Kept.Count, keeping.Kept.Select(static kept => kept.First).Distinct().Count());
        while (keeping.Kept.Count > 0)
            keeping.GiveBack(0);
    }

    /// <summary>Keeps all data and answers at once or, as one that waits for room, from another thread.</summary>
    public class KeepingFileSystem : DispatchProxy
    {
        public List<(ReadOnlyMemory<byte> Data, byte First)> Kept { get; } = [];

        public IFileSystem Inner { get; set; } = null!;

        public bool AnswersLate { get; set; }

        public void GiveBack(int index)
        {
            Assert.True(MemoryMarshal.TryGetMemoryManager(Kept[index].Data, out LendableMemory? lender));
            Kept.RemoveAt(index);
            lender.Release();
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(IFileSystem.WriteAsync) ? WriteAsync((ReadOnlyMemory<byte>)args![3]!) : targetMethod.Invoke(Inner, args);

        private async ValueTask<FsResult<int>> WriteAsync(ReadOnlyMemory<byte> data)
        {
            if (AnswersLate)
                await Task.Delay(2, TestContext.Current.CancellationToken).ConfigureAwait(false);
            if (!MemoryMarshal.TryGetMemoryManager(data, out LendableMemory? lender))
                return FsError.Io;
            lender.AddReference();
            Kept.Add((data, data.Span[0]));
            return data.Length;
        }
    }
}
