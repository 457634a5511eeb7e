using System.Text;
using CuckooDrive.Mount.Tests.Support;
using CuckooDrive.Testing.FileSystems;

namespace CuckooDrive.Mount.Tests.Mounted;

/// <summary>Reading directories while they change.</summary>
public class DirectoriesTests(Mounts mounts)
{
    private const int Entries = 3000;

    public static TheoryData<Dispatch> Both => new(Dispatch.Inline, Dispatch.Asynchronous);

    [Theory, MemberData(nameof(Both))]
    public void What_is_there_all_the_time_is_seen_exactly_once_while_others_come_and_go(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        for (var i = 0; i < Entries; i++)
            Touch($"{folder}/stay{i}");
        for (var i = 0; i < Entries; i++)
            Touch($"{folder}/leave{i}");
        using var directory = new PosixDirectory(folder);
        var seen = new List<string>();
        for (var i = 0; directory.Next() is { } name; i++)
        {
            seen.Add(Encoding.UTF8.GetString(name));
            if (i % 3 == 0)
                Posix.Remove($"{folder}/leave{i / 3}");
            else if (i % 3 == 1)
                Touch($"{folder}/come{i}");
        }
        var staying = seen.Where(name => name.StartsWith("stay", StringComparison.Ordinal)).ToList();
        Assert.Equal(Entries, staying.Count);
        Assert.Equal(Entries, staying.Distinct().Count());
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Theory, MemberData(nameof(Both))]
    public void Reading_ends_when_each_name_seen_is_renamed(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        for (var i = 0; i < 500; i++)
            Touch($"{folder}/{i}");
        using var directory = new PosixDirectory(folder);
        var read = 0;
        for (; directory.Next() is { } bytes; read++)
        {
            var name = Encoding.UTF8.GetString(bytes);
            if (!name.StartsWith('.'))
                Posix.Rename($"{folder}/{name}", $"{folder}/{name}x");
            Assert.True(read < 5000, "reading goes round and round");
        }
        Assert.Equal(500, DirectoryListing.Read(folder).Count);
    }

    [Theory, MemberData(nameof(Both))]
    public void A_place_told_is_found_again_also_after_changes(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        for (var i = 0; i < 1000; i++)
            Touch($"{folder}/{i}");
        using var directory = new PosixDirectory(folder);
        var places = new List<(long Before, string Name)>();
        for (var place = directory.Tell(); directory.Next() is { } name; place = directory.Tell())
            places.Add((place, Encoding.UTF8.GetString(name)));
        Assert.Equal(1002, places.Count);
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var (before, name) = places[random.Next(places.Count)];
            directory.Seek(before);
            Assert.Equal(name, Encoding.UTF8.GetString(directory.Next()!));
        }
        for (var i = 0; i < 1000; i += 2)
            Posix.Remove($"{folder}/{i}");
        var odd = places.Where(place => place.Name[0] != '.' && int.Parse(place.Name) % 2 == 1).ToList();
        for (var i = 0; i < 200; i++)
        {
            var (before, name) = odd[random.Next(odd.Count)];
            directory.Seek(before);
            Assert.Equal(name, Encoding.UTF8.GetString(directory.Next()!));
        }
        directory.Rewind();
        var count = 0;
        while (directory.Next() is not null)
            count++;
        Assert.Equal(502, count);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Many_at_once_in_one_directory_do_not_disturb_each_other(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        var tasks = Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                var name = $"{folder}/{worker}-{i}";
                File.WriteAllText(name, name);
                Assert.Equal(0, Posix.Rename(name, name + "r"));
                Assert.Equal(name, File.ReadAllText(name + "r"));
                if (i % 2 == 0)
                    File.Delete(name + "r");
                else if (i % 20 == 1)
                    Assert.InRange(DirectoryListing.Read(folder).Count, 1, 8 * 200);
            }
        }));
        await Task.WhenAll(tasks);
        Assert.Equal(8 * 100, DirectoryListing.Read(folder).Count);
    }

    [Theory, MemberData(nameof(Both))]
    public void A_removed_directory_is_empty_and_takes_nothing(Dispatch dispatch)
    {
        var folder = mounts.NewFolder(dispatch);
        Posix.MakeDirectory($"{folder}/gone");
        var handle = Posix.Open($"{folder}/gone", Posix.ReadOnly);
        using var directory = new PosixDirectory($"{folder}/gone");
        Assert.Equal(0, Posix.RemoveDirectory($"{folder}/gone"));
        Assert.Equal(Minus.ENOENT, Posix.OpenAt(handle, "file", Posix.Create | Posix.WriteOnly));
        Assert.Equal(Minus.ENOENT, Posix.MakeDirectoryAt(handle, "directory"));
        Assert.Equal(0U, Posix.Status(handle).Links);
        Assert.DoesNotContain(ReadAll(directory), name => name[0] != (byte)'.');
        Posix.Close(handle);
    }

    private static IEnumerable<byte[]> ReadAll(PosixDirectory directory)
    {
        while (directory.Next() is { } name)
            yield return name;
    }

    private static void Touch(string path) => Assert.Equal(0, Posix.Close(Posix.Open(path, Posix.Create | Posix.WriteOnly)));
}
