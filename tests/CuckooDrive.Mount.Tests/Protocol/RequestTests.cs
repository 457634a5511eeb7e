using System.Runtime.InteropServices;
using CsCheck;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>Requests as no kernel sends them: none may crash, hang or go unanswered.</summary>
public class RequestTests
{
    private const int EINVAL = -22;
    private const int ENOSYS = -38;
    private const int ENOTTY = -25;

    /// <summary>Opcodes whose body has a fixed part or a name.</summary>
    public static TheoryData<uint> WithBody =>
        new(new uint[] { 1, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 21, 22, 24, 28, 29, 30, 34, 35, 43, 44, 45, 46, 47, 51, 53 });

    public RequestTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");

    [Theory, MemberData(nameof(WithBody))]
    public async Task A_body_that_is_too_short_is_refused(uint opcode)
    {
        await using var kernel = NewKernel();
        Assert.Equal(EINVAL, kernel.Ask((Opcode)opcode, 1).Error);
        Assert.Equal(EINVAL, kernel.Ask((Opcode)opcode, 1, 1).Error);
        Assert.Equal(0, kernel.Ask(Opcode.GetAttr, 1, new byte[16]).Error);
    }

    [Fact]
    public async Task Unknown_requests_are_not_known()
    {
        await using var kernel = NewKernel();
        foreach (var opcode in new uint[] { 0, 7, 31, 37, 40, 48, 54, 4096, uint.MaxValue })
            Assert.Equal(ENOSYS, kernel.Ask((Opcode)opcode, 1, new byte[200]).Error);
        Assert.Equal(ENOTTY, kernel.Ask(Opcode.IoCtl, 1, new byte[32]).Error);
    }

    /// <summary>Some of the answers are held back for a moment and sent in another order; none may be forgotten.</summary>
    [Fact]
    public async Task Every_page_that_the_kernel_writes_out_is_answered()
    {
        const int Pages = 200;
        var fileSystem = new MemoryFileSystem(TimeProvider.System);
        var file = (await fileSystem.CreateAsync(1, "file"u8.ToArray(), 0x81A4, OpenOptions.Write, default, TestContext.Current.CancellationToken)).Value;
        await using var kernel = new SimulatedKernel(fileSystem);
        var page = new byte[4096];
        var sent = new HashSet<ulong>();
        for (var i = 0; i < Pages; i++)
        {
            page.AsSpan().Fill((byte)i);
            var write = new WriteIn { Handle = file.Handle, Offset = (ulong)(i * page.Length), Size = (uint)page.Length, WriteFlags = WriteFlags.FromPageCache };
            var message = kernel.Build(Opcode.Write, file.Entry.Attributes.Inode, [.. SimulatedKernel.Bytes(write), .. page]);
            sent.Add(MemoryMarshal.Read<InHeader>(message).Unique);
            kernel.SendRaw(message);
            // Now one, now a series; behind the last comes no other request.
            while (sent.Count > (i == Pages - 1 ? 0 : i % 40))
            {
                var (unique, written) = kernel.ReadWritten();
                Assert.True(sent.Remove(unique));
                Assert.Equal((uint)page.Length, written);
            }
        }
        var content = new byte[Pages * page.Length];
        await fileSystem.ReadAsync(file.Entry.Attributes.Inode, file.Handle, 0, content, TestContext.Current.CancellationToken);
        Assert.All(content, static (value, index) => Assert.Equal((byte)(index / 4096), value));
    }

    [Fact]
    public async Task Names_need_their_end_and_no_slash()
    {
        await using var kernel = NewKernel();
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Lookup, 1, "unterminated"u8.ToArray()).Error);
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Lookup, 1, "a/b\0"u8.ToArray()).Error);
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Lookup, 1, "\0"u8.ToArray()).Error);
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Rename, 1, [.. SimulatedKernel.Bytes(new RenameIn { NewParent = 1 }), .. "only\0one"u8]).Error);
    }

    [Fact]
    public async Task A_name_that_is_not_there_is_an_entry_without_a_node_to_be_remembered()
    {
        await using var kernel = NewKernel();
        var (error, body) = kernel.Ask(Opcode.Lookup, 1, "missing\0"u8.ToArray());
        Assert.Equal(0, error);
        var entry = MemoryMarshal.Read<EntryOut>(body);
        Assert.Equal(0UL, entry.NodeId);
        Assert.True(entry.EntryValid > 3600);
    }

    [Fact]
    public async Task Lengths_that_lie_are_refused()
    {
        await using var kernel = NewKernel();
        var request = kernel.Build(Opcode.Lookup, 1, "name\0"u8.ToArray());
        request[0]++;
        kernel.SendRaw(request);
        Assert.Equal(EINVAL, kernel.ReadReply().Error);
        request = kernel.Build(Opcode.Lookup, 1, "name\0"u8.ToArray());
        request[36] = 200;
        kernel.SendRaw(request);
        Assert.Equal(EINVAL, kernel.ReadReply().Error);
        kernel.SendRaw([1, 2, 3]);
        var write = new WriteIn { Size = 1000 };
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Write, 1, [.. SimulatedKernel.Bytes(write), 1, 2, 3]).Error);
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Read, 1, SimulatedKernel.Bytes(new ReadIn { Size = uint.MaxValue })).Error);
        Assert.Equal(EINVAL, kernel.Ask(Opcode.Read, 1, SimulatedKernel.Bytes(new ReadIn { Size = 1, Offset = ulong.MaxValue })).Error);
        kernel.Send(Opcode.BatchForget, 0, SimulatedKernel.Bytes(new BatchForgetIn { Count = uint.MaxValue }));
        kernel.Send(Opcode.Forget, 1);
        kernel.Send(Opcode.Interrupt, 0);
        Assert.Equal(0, kernel.Ask(Opcode.GetAttr, 1, new byte[16]).Error);
    }

    [Fact]
    public async Task What_was_agreed_is_what_the_decision_says()
    {
        await using var kernel = NewKernel();
        var init = kernel.InitReply;
        var flags = (InitFlags)init.Flags | (InitFlags)((ulong)init.Flags2 << 32);
        Assert.Equal(1U << 20, init.MaxWrite);
        Assert.Equal((1 << 20) / Environment.SystemPageSize, init.MaxPages);
        Assert.Equal(1U, init.TimeGranularity);
        Assert.True(flags.HasFlag(InitFlags.WritebackCache | InitFlags.HandleKillPrivilegesV2 | InitFlags.ParallelDirectoryOperations));
        const ulong Locks = (1UL << 1) | (1UL << 10);
        const ulong Acl = 1UL << 20;
        const ulong Export = 1UL << 4;
        Assert.Equal(0UL, (ulong)flags & (Locks | Acl | Export));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Random_bodies_are_all_answered(bool asynchronous)
    {
        IFileSystem memory = new MemoryFileSystem(TimeProvider.System);
        await using var kernel = new SimulatedKernel(asynchronous ? new AsynchronousFileSystem(memory) : memory);
        Gen.Select(Gen.UInt[0, 60], Gen.ULong[0, 3], Gen.Byte.Array[0, 200]).Sample(
            (opcode, inode, body) =>
            {
                // FORGET and INTERRUPT have no answer; a forged FORGET of the root's children is the file system's to refuse.
                if ((Opcode)opcode is Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt)
                    return;
                var (error, _) = kernel.Ask((Opcode)opcode, inode, body);
                Assert.InRange(error, -511, 0);
            },
            iter: 3000,
            threads: 1);
    }

    /// <summary>The longer form of SETXATTR came with Linux 5.13; Debian 11 and Ubuntu 20.04 have older ones.</summary>
    [Theory]
    [InlineData(0UL)]
    [InlineData((ulong)InitFlags.SetXAttrExtended)]
    public async Task Extended_attributes_are_set_by_the_form_that_was_agreed_on(ulong lacking)
    {
        await using var kernel = new SimulatedKernel(new MemoryFileSystem(TimeProvider.System), (InitFlags)lacking);
        byte[] head = lacking == 0 ? SimulatedKernel.Bytes(new SetXAttrIn { Size = 5 }) : SimulatedKernel.Bytes(new SetXAttrShortIn { Size = 5 });
        Assert.Equal(0, kernel.Ask(Opcode.SetXAttr, 1, [.. head, .. "user.name\0value"u8]).Error);
        var (error, value) = kernel.Ask(Opcode.GetXAttr, 1, [.. SimulatedKernel.Bytes(new GetXAttrIn { Size = 100 }), .. "user.name\0"u8]);
        Assert.Equal(0, error);
        Assert.Equal("value"u8.ToArray(), value);
    }

    private static SimulatedKernel NewKernel() => new(new MemoryFileSystem(TimeProvider.System));
}
