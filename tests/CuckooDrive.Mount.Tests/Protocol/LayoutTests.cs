using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Tests.Protocol;

/// <summary>Sizes and places as include/uapi/linux/fuse.h has them.</summary>
public class LayoutTests
{
    [Fact]
    public void Structures_have_the_kernels_sizes()
    {
        Assert.Equal(40, Unsafe.SizeOf<InHeader>());
        Assert.Equal(16, Unsafe.SizeOf<OutHeader>());
        Assert.Equal(64, Unsafe.SizeOf<InitIn>());
        Assert.Equal(64, Unsafe.SizeOf<InitOut>());
        Assert.Equal(88, Unsafe.SizeOf<Attr>());
        Assert.Equal(128, Unsafe.SizeOf<EntryOut>());
        Assert.Equal(104, Unsafe.SizeOf<AttrOut>());
        Assert.Equal(16, Unsafe.SizeOf<OpenOut>());
        Assert.Equal(144, Unsafe.SizeOf<CreateOut>());
        Assert.Equal(8, Unsafe.SizeOf<AccessIn>());
        Assert.Equal(88, Unsafe.SizeOf<SetAttrIn>());
        Assert.Equal(152, Unsafe.SizeOf<DirEntryPlus>());
        Assert.Equal(24, Unsafe.SizeOf<DirEntry>());
        Assert.Equal(8, Unsafe.SizeOf<ForgetIn>());
        Assert.Equal(8, Unsafe.SizeOf<BatchForgetIn>());
        Assert.Equal(16, Unsafe.SizeOf<ForgetOne>());
        Assert.Equal(8, Unsafe.SizeOf<InterruptIn>());
        Assert.Equal(16, Unsafe.SizeOf<MkNodIn>());
        Assert.Equal(8, Unsafe.SizeOf<MkDirIn>());
        Assert.Equal(8, Unsafe.SizeOf<RenameIn>());
        Assert.Equal(16, Unsafe.SizeOf<Rename2In>());
        Assert.Equal(8, Unsafe.SizeOf<LinkIn>());
        Assert.Equal(8, Unsafe.SizeOf<OpenIn>());
        Assert.Equal(16, Unsafe.SizeOf<CreateIn>());
        Assert.Equal(40, Unsafe.SizeOf<ReadIn>());
        Assert.Equal(40, Unsafe.SizeOf<WriteIn>());
        Assert.Equal(8, Unsafe.SizeOf<WriteOut>());
        Assert.Equal(24, Unsafe.SizeOf<ReleaseIn>());
        Assert.Equal(16, Unsafe.SizeOf<FSyncIn>());
        Assert.Equal(16, Unsafe.SizeOf<SetXAttrIn>());
        Assert.Equal(8, Unsafe.SizeOf<SetXAttrShortIn>());
        Assert.Equal(8, Unsafe.SizeOf<GetXAttrIn>());
        Assert.Equal(8, Unsafe.SizeOf<GetXAttrOut>());
        Assert.Equal(32, Unsafe.SizeOf<FAllocateIn>());
        Assert.Equal(24, Unsafe.SizeOf<LSeekIn>());
        Assert.Equal(8, Unsafe.SizeOf<LSeekOut>());
        Assert.Equal(56, Unsafe.SizeOf<CopyFileRangeIn>());
        Assert.Equal(80, Unsafe.SizeOf<StatFsOut>());
        Assert.Equal(288, Unsafe.SizeOf<StatxOut>());
        Assert.Equal(24, Unsafe.SizeOf<NotifyStoreOut>());
        Assert.Equal(24, Unsafe.SizeOf<NotifyInvalidateInodeOut>());
        Assert.Equal(16, Unsafe.SizeOf<NotifyInvalidateEntryOut>());
    }

    [Fact]
    public void Fields_are_where_the_kernel_has_them()
    {
        Assert.Equal(36, Offset<InHeader>(nameof(InHeader.ExtensionLength)));
        Assert.Equal(24, Offset<InHeader>(nameof(InHeader.Uid)));
        Assert.Equal(16, Offset<InitOut>(nameof(InitOut.MaxBackground)));
        Assert.Equal(20, Offset<InitOut>(nameof(InitOut.MaxWrite)));
        Assert.Equal(28, Offset<InitOut>(nameof(InitOut.MaxPages)));
        Assert.Equal(32, Offset<InitOut>(nameof(InitOut.Flags2)));
        Assert.Equal(68, Offset<SetAttrIn>(nameof(SetAttrIn.Mode)));
        Assert.Equal(76, Offset<SetAttrIn>(nameof(SetAttrIn.Uid)));
        Assert.Equal(60, Offset<Attr>(nameof(Attr.Mode)));
        Assert.Equal(80, Offset<Attr>(nameof(Attr.BlockSize)));
        Assert.Equal(32, Offset<StatxOut>(nameof(StatxOut.Mask)));
        Assert.Equal(60, Offset<StatxOut>(nameof(StatxOut.Mode)));
        Assert.Equal(96, Offset<StatxOut>(nameof(StatxOut.AccessTime)));
        Assert.Equal(160, Offset<StatxOut>(nameof(StatxOut.DeviceMajor)));
    }

    private static int Offset<T>(string field) => (int)Marshal.OffsetOf<T>(field);
}
