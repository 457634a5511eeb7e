using System.Runtime.InteropServices;
using CuckooDrive.Core.Volume;
using CuckooDrive.Mount.Fuse.Protocol;

namespace CuckooDrive.Mount.Tests.Protocol;

public class ErrnoTableTests
{
    public static TheoryData<FsError, string> Names => new()
    {
        { FsError.NotFound, "No such file or directory" },
        { FsError.Exists, "File exists" },
        { FsError.NotDirectory, "Not a directory" },
        { FsError.IsDirectory, "Is a directory" },
        { FsError.NotEmpty, "Directory not empty" },
        { FsError.NotPermitted, "Operation not permitted" },
        { FsError.AccessDenied, "Permission denied" },
        { FsError.InvalidArgument, "Invalid argument" },
        { FsError.NameTooLong, "File name too long" },
        { FsError.NoSpace, "No space left on device" },
        { FsError.FileTooLarge, "File too large" },
        { FsError.ReadOnly, "Read-only file system" },
        { FsError.TooManyLinks, "Too many links" },
        { FsError.CrossDevice, "Invalid cross-device link" },
        { FsError.NoData, "No data available" },
        { FsError.Range, "Numerical result out of range" },
        { FsError.ArgumentTooBig, "Argument list too long" },
        { FsError.NotSupported, "Operation not supported" },
        { FsError.NoDevice, "No such device or address" },
        { FsError.Stale, "Stale file handle" },
        { FsError.Busy, "Device or resource busy" },
        { FsError.Overflow, "Value too large for defined data type" },
        { FsError.TextBusy, "Text file busy" },
        { FsError.Io, "Input/output error" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void The_system_names_the_number_as_the_error_says(FsError error, string name) =>
        Assert.Equal(name, Marshal.GetPInvokeErrorMessage(ErrnoTable.ToErrno(error)));

    [Fact]
    public void Every_error_is_named_above_and_has_a_number_of_its_own()
    {
        var errors = Enum.GetValues<FsError>();
        Assert.Equal(errors.Length - 1, Names.Count);
        Assert.Equal(errors.Length, errors.Select(ErrnoTable.ToErrno).Distinct().Count());
        Assert.Equal(0, ErrnoTable.ToErrno(FsError.None));
    }

    /// <summary>The kernel leaves a request unanswered, and its caller hanging, when the number is out of its range.</summary>
    [Fact]
    public void All_numbers_are_in_the_range_that_the_kernel_accepts() =>
        Assert.All(Enum.GetValues<FsError>(), error => Assert.InRange(ErrnoTable.ToErrno(error), 0, 511));

    [Fact]
    public void An_unknown_error_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ErrnoTable.ToErrno((FsError)1000));
}
