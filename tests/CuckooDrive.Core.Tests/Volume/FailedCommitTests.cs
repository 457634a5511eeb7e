using CuckooDrive.Core.Volume;

namespace CuckooDrive.Core.Tests.Volume;

/// <summary>What is still accepted while commits fail: nothing that could be lost.</summary>
public sealed class FailedCommitTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task AfterTheStoreHasStoppedNothingIsSaidToHaveBeenDone()
    {
        await using var test = new TestVolume(Options(TimeSpan.Zero));
        var file = await test.MakeFileAsync("file");
        await test.WriteAsync(file, 0, [1, 1, 1]);
        var handle = (await test.Volume.OpenAsync(file, OpenOptions.Read | OpenOptions.Write, default)).Value.Handle;
        await test.SyncAsync();
        test.Store.Hook = static _ => throw new IOException("The disk does not answer.");
        await test.WriteAsync(file, 0, [2]);
        Assert.Equal(FsError.Io, await test.Volume.SyncAsync(file, false, default));

        var volume = test.Volume;
        var (root, name) = (IFileSystem.RootInode, TestVolume.Name("file"));
        Assert.Equal(FsError.Io, (await volume.CreateAsync(root, TestVolume.Name("new"), 0x1A4, OpenOptions.Write, TestVolume.Root, default)).Error);
        Assert.Equal(FsError.Io, (await volume.WriteAsync(file, handle, 0, new byte[] { 3 }, WriteOptions.None, default)).Error);
        Assert.Equal(FsError.Io, (await volume.CopyRangeAsync(file, handle, 0, file, handle, 10, 3, default)).Error);
        Assert.Equal(FsError.Io, await volume.RenameAsync(root, name, root, TestVolume.Name("other"), RenameOptions.None, default));
        Assert.Equal(FsError.Io, (await volume.LinkAsync(file, root, TestVolume.Name("link"), default)).Error);
        Assert.Equal(FsError.Io, await volume.UnlinkAsync(root, name, default));
        Assert.Equal(FsError.Io, (await volume.SetAttributesAsync(file, new AttributeChange { Mode = 0 }, default)).Error);
        Assert.Equal(FsError.Io, (await volume.SetAttributesAsync(file, new AttributeChange { Size = 0 }, default)).Error);
        Assert.Equal(FsError.Io, await volume.AllocateAsync(file, handle, 0, 1, AllocateOptions.PunchHole | AllocateOptions.KeepSize, default));
        Assert.Equal(FsError.Io, await volume.SetExtendedAttributeAsync(file, TestVolume.Name("user.x"), new byte[] { 1 }, ExtendedAttributeOptions.None, default));
        Assert.Equal([2, 1, 1], await test.ReadAsync(file, 0, 10));
        Assert.Equal(0, test.Chunks.ReservedBytes);

        test.Store.Hook = null;
        Assert.Equal(3, (await volume.WriteAsync(file, handle, 0, new byte[] { 3, 3, 3 }, WriteOptions.None, default)).Value);
        await test.MakeFileAsync("new");
        volume.Release(file, handle);
    }

    [Fact]
    public async Task AWriteWaitsForAStoreThatFailsForAMoment()
    {
        await using var test = new TestVolume(Options(Patience));
        var file = await test.MakeFileAsync("file");
        var failures = 0;
        test.Store.Hook = at =>
        {
            if (at == "before" && ++failures <= 3)
                throw new IOException("The disk does not answer.");
        };
        Assert.Equal(FsError.Io, await test.Volume.SyncAsync(file, false, default));
        await test.WriteAsync(file, 0, [1, 1, 1]).WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.True(failures > 3, "It was accepted before a commit had succeeded.");
    }

    [Fact]
    public async Task WhileTheStoreHasNoRoomWhatMakesSomeGoesOn()
    {
        await using var test = new TestVolume(Options(TimeSpan.Zero));
        var file = await test.MakeFileAsync("file");
        await test.MakeFileAsync("other");
        await test.WriteAsync(file, 0, [1, 1, 1]);
        var handle = (await test.Volume.OpenAsync(file, OpenOptions.Write, default)).Value.Handle;
        test.Store.Hook = static _ => throw new IOException("The disk is full.", 28);
        Assert.Equal(FsError.NoSpace, await test.Volume.SyncAsync(file, false, default));

        var (root, name) = (IFileSystem.RootInode, TestVolume.Name("other"));
        Assert.Equal(FsError.NoSpace, (await test.Volume.WriteAsync(file, handle, 0, new byte[] { 3 }, WriteOptions.None, default)).Error);
        Assert.Equal(FsError.NoSpace, (await test.Volume.MakeDirectoryAsync(root, TestVolume.Name("new"), 0x1ED, TestVolume.Root, default)).Error);
        Assert.Equal(FsError.None, await test.Volume.UnlinkAsync(root, name, default));
        Assert.Equal(FsError.None, (await test.Volume.SetAttributesAsync(file, new AttributeChange { Size = 0 }, default)).Error);
        Assert.Equal(FsError.None, await test.Volume.AllocateAsync(file, handle, 0, 1, AllocateOptions.PunchHole | AllocateOptions.KeepSize, default));
        test.Store.Hook = null;
        test.Volume.Release(file, handle);
    }

    private static VolumeOptions Options(TimeSpan patience) => new() { CommitInterval = TimeSpan.FromHours(1), WritePatience = patience };
}
