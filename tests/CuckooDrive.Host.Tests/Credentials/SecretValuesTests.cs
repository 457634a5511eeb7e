using CuckooDrive.Host.CommandLine;
using CuckooDrive.Host.Credentials;
using CuckooDrive.Host.State;

namespace CuckooDrive.Host.Tests.Credentials;

/// <summary>Secrets from a file.</summary>
public sealed class SecretValuesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_cloud_finds_the_secrets_that_are_meant_for_it()
    {
        var values = Read(
            """
            # a remark
            password=for all, with = and #

            [webdavs://me@nas]
            password= with blanks 
            [webdavs://me@nas/deep]
            password=deeper
            """);

        Assert.Equal("for all, with = and #", values.Find("sftp://me@nas", "password"));
        Assert.Equal(" with blanks ", values.Find("webdavs://me@nas", "password"));
        Assert.Equal(" with blanks ", values.Find("webdavs://me@nas/other", "password"));
        Assert.Equal("deeper", values.Find("webdavs://me@nas/deep/er", "password"));
        // Not a path below it but another host.
        Assert.Equal("for all, with = and #", values.Find("webdavs://me@nas.evil/deep", "password"));
        Assert.Null(values.Find("webdavs://me@nas", "secret-key"));
        Assert.True(values.IsMeantFor("webdavs://me@nas/x", "password"));
        Assert.False(values.IsMeantFor("sftp://me@nas", "password"));
    }

    [Fact]
    public void A_secret_may_be_the_text_of_a_file()
    {
        var key = Path.Combine(_folder.Path, "key");
        File.WriteAllText(key, "line 1\nline 2\n");

        Assert.Equal("line 1\nline 2\n", Read($"private-key-file={key}").Find("sftp://me@host", "private-key"));
        File.WriteAllText(key, "word\r\n");
        Assert.Equal("word", Read($"password-file={key}").Find("webdav://me@host", "password"));
        Assert.Throws<UserException>(() => Read("private-key-file=/nowhere").Find("sftp://me@host", "private-key"));
    }

    [Theory]
    [InlineData("password")]
    [InlineData("=x")]
    [InlineData("password=a\npassword=b")]
    [InlineData("[]\npassword=a")]
    public void What_is_no_line_of_secrets_is_named_without_being_repeated(string text)
    {
        var refused = Assert.Throws<UserException>(() => Read(text));

        Assert.Equal(2, refused.ExitStatus);
        Assert.DoesNotContain("=b", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("access-key", "CUCKOO_SECRET_ACCESS_KEY")]
    [InlineData("password", "CUCKOO_SECRET_PASSWORD")]
    public void Variables_are_named_after_secrets(string name, string variable) => Assert.Equal(variable, SecretValues.VariableFor(name));

    private SecretValues Read(string text)
    {
        var path = Path.Combine(_folder.Path, "secrets");
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var paths = new CuckooPaths(_folder.Path, _folder.Path);
        return SecretValues.Read(new CommandContext(new Terminal(), paths, Verbose: false, CancellationToken.None), path);
    }
}
