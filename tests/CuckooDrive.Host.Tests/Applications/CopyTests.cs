namespace CuckooDrive.Host.Tests.Applications;

/// <summary>rsync and tar bring a tree to the drive and back with contents, modes, owners, links, times and attributes.</summary>
public sealed class CopyTests
{
    /// <summary>Fails with every difference that rsync finds between two trees, contents compared by checksums.</summary>
    internal const string Compare = """
        same() {
          rsync -aHAX --checksum --dry-run --delete --itemize-changes "$1/" "$2/" > "$3"
          [ ! -s "$3" ] || fail "$1 and $2 differ: $(head -50 "$3")"
          # What a dry run does not look at: counts of links, times of links.
          listing() {
            (cd "$1" && find . -type d -printf '%P d %m %U:%G %T@\0' -o -printf '%P %y %m %U:%G %n %s %T@ %l\0' | sort -z | tr '\0' '\n')
          }
          diff -a <(listing "$1") <(listing "$2")
        }

        """;

    [Fact]
    public async Task Rsync_copies_updates_and_verifies_by_checksum()
    {
        Shell.Require("rsync", "setfattr");
        await using var outside = new OutsideFolder();
        await using var drive = await ApplicationDrive.CreateAsync();
        await Shell.RunAsync(outside.Path, SourceTree.Make);

        await Shell.RunAsync(outside.Path, Compare + """
            rsync -aHAX --checksum source/ "$1/copy/"
            same source "$1/copy" differences

            # The second time some files have grown, shrunk, changed in the middle, gone and come; --inplace writes into them.
            echo more >> source/sizes/1048577
            truncate -s 100000 source/sizes/5000001
            printf changed | dd of=source/sizes/262144 bs=1 seek=131070 conv=notrunc status=none
            rm source/sizes/4097 source/links/b
            mv source/names source/renamed
            ln -sfn ../modes source/links/folder
            chmod 0640 source/modes/0600
            touch -h -d @1222222222 source/links/folder
            find source -depth -type d -exec touch -d @1222222222.222 {} +
            rsync -aHAX --checksum --delete --inplace --no-whole-file source/ "$1/copy/"
            same source "$1/copy" differences
            """, drive.MountPoint);

        await drive.VerifyAsync(() => Shell.RunAsync(outside.Path, Compare + """
            same source "$1/copy" differences
            rsync -aHAX --checksum "$1/copy/" back/
            same source back differences
            """, drive.MountPoint));
    }

    [Fact]
    public async Task Tar_brings_a_source_tree_to_the_drive_and_back()
    {
        Shell.Require("tar", "rsync", "setfattr");
        await using var outside = new OutsideFolder();
        await using var drive = await ApplicationDrive.CreateAsync();
        await Shell.RunAsync(outside.Path, SourceTree.Make);

        const string Options = "tar='tar --xattrs --xattrs-include=* --numeric-owner --format=posix'\n";
        await Shell.RunAsync(outside.Path, Compare + Options + """
            $tar -cf "$1/archive.tar" source
            mkdir "$1/unpacked"
            $tar -xpf "$1/archive.tar" -C "$1/unpacked"
            $tar --diff -f "$1/archive.tar" -C "$1/unpacked"
            same source "$1/unpacked/source" differences
            """, drive.MountPoint);

        await drive.VerifyAsync(() => Shell.RunAsync(outside.Path, Compare + Options + """
            $tar --diff -f "$1/archive.tar" -C "$1/unpacked"
            same source "$1/unpacked/source" differences
            # And back: an archive of the copy, unpacked outside.
            mkdir back
            $tar -cf - -C "$1/unpacked" source | $tar -xpf - -C back
            same source back/source differences
            diff -r --no-dereference -x fifo source back/source
            """, drive.MountPoint));
    }
}
