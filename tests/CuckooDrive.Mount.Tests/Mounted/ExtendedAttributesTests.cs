using System.Text;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Extended attributes on a real mount.</summary>
public class ExtendedAttributesTests(Mounts mounts)
{
    private const int Create = 1;
    private const int Replace = 2;

    /// <summary>cap_net_raw, permitted and effective, of version 2.</summary>
    private static readonly byte[] Capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public static TheoryData<Dispatch> Both => new(Dispatch.Inline, Dispatch.Asynchronous);

    [Theory, MemberData(nameof(Both))]
    public void Values_are_set_listed_and_removed(Dispatch dispatch)
    {
        var path = $"{mounts.NewFolder(dispatch)}/file";
        File.WriteAllText(path, "");
        Assert.Equal(0, Posix.SetAttribute(path, "user.one", "first"u8));
        Assert.Equal(0, Posix.SetAttribute(path, "user.empty", ""u8));
        var value = new byte[100];
        Assert.Equal(5, Posix.GetAttribute(path, "user.one", value));
        Assert.Equal("first"u8, value.AsSpan(0, 5));
        Assert.Equal(5, Posix.GetAttribute(path, "user.one", []));
        Assert.Equal(Minus.ERANGE, Posix.GetAttribute(path, "user.one", value.AsSpan(0, 4)));
        Assert.Equal(0, Posix.GetAttribute(path, "user.empty", value));
        Assert.Equal(Minus.EEXIST, Posix.SetAttribute(path, "user.one", "x"u8, Create));
        Assert.Equal(Minus.ENODATA, Posix.SetAttribute(path, "user.two", "x"u8, Replace));
        Assert.Equal(["user.empty", "user.one"], Names(path));
        Assert.Equal(0, Posix.RemoveAttribute(path, "user.one"));
        Assert.Equal(Minus.ENODATA, Posix.RemoveAttribute(path, "user.one"));
        Assert.Equal(Minus.ENODATA, Posix.GetAttribute(path, "user.one", value));
    }

    [Theory, MemberData(nameof(Both))]
    public void The_largest_name_and_value_are_those_of_linux(Dispatch dispatch)
    {
        var path = $"{mounts.NewFolder(dispatch)}/file";
        File.WriteAllText(path, "");
        var value = new byte[65_536];
        new Random(1).NextBytes(value);
        var name = "user." + new string('n', 250);
        Assert.Equal(0, Posix.SetAttribute(path, name, value));
        var read = new byte[65_536];
        Assert.Equal(65_536, Posix.GetAttribute(path, name, read));
        Assert.Equal(value, read);
        Assert.Equal(-7, Posix.SetAttribute(path, "user.large", new byte[65_537]));
        Assert.Equal(Minus.ERANGE, Posix.SetAttribute(path, name + "n", "x"u8));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Trusted_names_are_for_the_administrator_only(Dispatch dispatch)
    {
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root");
        var folder = mounts.NewFolder(dispatch);
        var path = $"{folder}/file";
        File.WriteAllText(path, "");
        Assert.Equal(0, Posix.SetAttribute(path, "trusted.secret", "x"u8));
        Assert.Equal(0, Posix.SetAttribute(path, "user.open", "x"u8));
        Assert.Equal(["trusted.secret", "user.open"], Names(path));
        Assert.Equal(0, await Shell.RunAsNobodyAsync($"test \"$({HelperShell("list-attributes", path)})\" = user.open"));
        Assert.NotEqual(0, await Shell.RunAsNobodyAsync(HelperShell("get-attribute", path, "trusted.secret")));
    }

    [Theory, MemberData(nameof(Both))]
    public void File_capabilities_are_kept_until_the_file_is_written(Dispatch dispatch)
    {
        Assert.SkipUnless(Posix.UserId() == 0, "Needs root");
        var path = $"{mounts.NewFolder(dispatch)}/program";
        File.WriteAllText(path, "first");
        Assert.Equal(0, Posix.SetAttribute(path, "security.capability", Capability));
        Assert.True(Posix.GetAttribute(path, "security.capability", new byte[100]) > 0);
        File.AppendAllText(path, "second");
        Assert.Equal(Minus.ENODATA, Posix.GetAttribute(path, "security.capability", new byte[100]));
    }

    /// <summary>docs/semantics.md: without ACLs rather than with half of their rules.</summary>
    [Theory, MemberData(nameof(Both))]
    public void Access_control_lists_are_refused_as_on_file_systems_without_them(Dispatch dispatch)
    {
        var path = mounts.NewFolder(dispatch);
        byte[] list = [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 5, 0, 255, 255, 255, 255, 32, 0, 5, 0, 255, 255, 255, 255];
        Assert.Equal(Minus.EOPNOTSUPP, Posix.SetAttribute(path, "system.posix_acl_access", list));
        Assert.Equal(Minus.EOPNOTSUPP, Posix.SetAttribute(path, "system.posix_acl_default", list));
        Assert.Equal(Minus.EOPNOTSUPP, Posix.GetAttribute(path, "system.posix_acl_access", new byte[100]));
        Assert.Equal(Minus.EOPNOTSUPP, Posix.SetAttribute(path, "other.name", "x"u8));
        Assert.Empty(Names(path));
    }

    [Theory, MemberData(nameof(Both))]
    public void User_names_are_for_files_and_folders_only(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        Assert.Equal(0, Posix.SymbolicLink("target", $"{folder}/link"));
        Assert.Equal(Minus.EPERM, Posix.SetAttribute($"{folder}/link", "user.x", "x"u8));
        Assert.Equal(0, Posix.SetAttribute(folder, "user.x", "x"u8));
    }

    private static string HelperShell(params string[] arguments) => "dotnet " + string.Join(' ', HelperProcess.Arguments(arguments));

    private static List<string> Names(string path)
    {
        var list = new byte[70_000];
        var length = (int)Posix.ListAttributes(path, list);
        Assert.True(length >= 0);
        return Encoding.UTF8.GetString(list, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToList();
    }
}
