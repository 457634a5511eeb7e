using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Core.Metadata;
using SQLitePCL;

namespace CuckooDrive.Core.Tests.Metadata;

/// <summary>A quota on the folder of the metadata store: SQLite's own writes get its errno, on the thread of the test only.</summary>
public sealed unsafe partial class SqliteMetadataStoreQuotaTests
{
    private const int NoSpaceErrno = 28, QuotaErrno = 122, IoErrno = 5;

    [ThreadStatic]
    private static int _threadErrno;

    [Fact]
    public void A_used_up_quota_refuses_commits_as_a_full_disk_does()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.Is64BitProcess, "replaces a call of Linux");
        using var fixture = new MetadataFixture();
        ReplaceWrite();
        Commit(fixture.Store, 0);
        _threadErrno = QuotaErrno;
        try
        {
            for (var number = 1; number < 4; number++)
                Assert.Equal(NoSpaceErrno, Assert.Throws<MetadataStoreFullException>(() => Commit(fixture.Store, number)).HResult);
        }
        finally
        {
            _threadErrno = 0;
        }
        Assert.Null(fixture.Store.Failure);
        Commit(fixture.Store, 4);
        fixture.Reopen();
        Assert.Equal([true, false, false, false, true], Enumerable.Range(0, 5).Select(number => fixture.Store.Get(BitConverter.GetBytes(number)) is not null));
        Assert.Empty(fixture.Store.CheckIntegrity());
    }

    [Fact]
    public void Any_other_failed_write_stops_the_store()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.Is64BitProcess, "replaces a call of Linux");
        using var fixture = new MetadataFixture();
        ReplaceWrite();
        _threadErrno = IoErrno;
        try
        {
            Assert.IsNotType<MetadataStoreFullException>(Assert.ThrowsAny<IOException>(() => Commit(fixture.Store, 0)));
        }
        finally
        {
            _threadErrno = 0;
        }
        Assert.NotNull(fixture.Store.Failure);
        Assert.ThrowsAny<IOException>(() => Commit(fixture.Store, 1));
    }

    private static void Commit(SqliteMetadataStore store, int number)
    {
        var batch = new MetadataBatch();
        batch.Put(BitConverter.GetBytes(number), new byte[100]);
        store.Commit(batch, durable: true);
    }

    /// <summary>For all of the process and for good; but for this thread it does what the original does.</summary>
    private static void ReplaceWrite()
    {
        const int SetSystemCallOffset = 144;
        var vfs = FindVfs(0);
        var set = (delegate* unmanaged[Cdecl]<nint, byte*, nint, int>)Marshal.ReadIntPtr(vfs, SetSystemCallOffset);
        fixed (byte* name = "pwrite\0"u8)
            Assert.Equal(raw.SQLITE_OK, set(vfs, name, (nint)(delegate* unmanaged[Cdecl]<int, nint, nint, long, nint>)&Write));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Write(int file, nint data, nint length, long offset)
    {
        var written = _threadErrno == 0 ? WriteAt(file, data, length, offset) : -1;
        if (written < 0)
            Marshal.SetLastSystemError(_threadErrno == 0 ? Marshal.GetLastPInvokeError() : _threadErrno);
        return written;
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_find")]
    private static partial nint FindVfs(nint name);

    [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true)]
    private static partial nint WriteAt(int file, nint data, nint length, long offset);
}
