using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Locks between processes: the kernel's own, as the protocol's are not asked for.</summary>
public class LocksTests(Mounts mounts)
{
    public static TheoryData<Dispatch> Both => new(Dispatch.Inline, Dispatch.Asynchronous);

    [Theory, MemberData(nameof(Both))]
    public async Task Record_locks_keep_other_processes_out(Dispatch dispatch)
    {
        var path = $"{mounts.NewFolder(dispatch)}/file";
        File.WriteAllText(path, "content");
        var file = Posix.Open(path, Posix.ReadWrite);
        Assert.Equal(0, Posix.TryRecordLock(file));
        Assert.Equal(-Minus.EAGAIN, await HelperProcess.CallAsync("record-lock", path));
        Posix.Close(file);
        Assert.Equal(0, await HelperProcess.CallAsync("record-lock", path));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task File_locks_keep_other_processes_out(Dispatch dispatch)
    {
        var path = $"{mounts.NewFolder(dispatch)}/file";
        File.WriteAllText(path, "content");
        var file = Posix.Open(path, Posix.ReadWrite);
        Assert.Equal(0, Posix.Lock(file, exclusive: true, wait: false));
        Assert.Equal(-Minus.EAGAIN, await HelperProcess.CallAsync("file-lock", path));
        Posix.Close(file);
        Assert.Equal(0, await HelperProcess.CallAsync("file-lock", path));
    }
}
