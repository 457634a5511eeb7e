namespace CuckooDrive.Host.Tests.Applications;

/// <summary>A tree for copying programs, outside the drive: everything that a tree may hold and a copy may lose.</summary>
internal static class SourceTree
{
    /// <summary>A script that makes the tree in the folder "source".</summary>
    public const string Make = """
        mkdir source
        cd source
        # A real tree, with the sizes that real files have.
        sdk="$(dotnet --list-sdks | tail -1 | sed 's/^\([^ ]*\) \[\(.*\)\]$/\2\/\1/')"
        cp -a "$sdk/Sdks/Microsoft.NET.Sdk" sdk

        mkdir -p sizes
        for size in 0 1 4095 4096 4097 131071 131072 131073 262144 1048577 5000001; do head -c $size /dev/urandom > sizes/$size; done
        yes compressible | head -c 3000000 > sizes/text || true
        cp sizes/1048577 sizes/twice
        truncate -s 20M sizes/sparse
        echo middle | dd of=sizes/sparse bs=1 seek=10000000 conv=notrunc status=none

        mkdir -p deep/$(seq -s / 60)
        echo bottom > deep/$(seq -s / 60)/file

        mkdir names
        echo 1 > names/'with space'; echo 2 > names/-dash; echo 3 > names/$'new\nline'; echo 4 > names/äöü; echo 5 > names/$'not\xff\xfeutf8'
        echo 6 > "names/$(printf '%0255d' 0)"; echo 7 > names/.hidden; echo 8 > 'names/back\slash'

        mkdir links
        echo shared > links/a; ln links/a links/b; ln links/a names/c
        ln -s a links/relative; ln -s /nowhere/at/all links/dangling; ln -s ../sizes links/folder; ln -s "$(printf '%01000d' 0)" links/long
        mkfifo links/fifo

        mkdir modes
        for mode in 0400 0444 0600 0755 0777 1644 2755 4755; do echo $mode > modes/$mode; chmod $mode modes/$mode; done
        mkdir -m 1777 modes/sticky; mkdir -m 2775 modes/setgid; mkdir -m 0700 modes/private
        if [ "$(id -u)" = 0 ]; then echo owned > modes/owned; chown 1234:4321 modes/owned; chown -h 1234:4321 links/dangling; fi

        mkdir extended
        echo attributes > extended/file
        setfattr -n user.comment -v 'a value' extended/file
        setfattr -n user.binary -v 0x00ff00fe extended/file
        setfattr -n user.folder -v 'of a folder' extended

        mkdir times
        for time in 1 1000000000.123456789 2147483647.999999999 4102444800 -1000000000; do echo $time > "times/at$time"; touch -d @$time "times/at$time"; done
        # An old time for each: rsync leaves a link's time alone when it differs by less than a second.
        find . -not -type f -not -type d -exec touch -h -d @1111111111.5 {} +
        find . -depth -type d -exec touch -d @1234567890.987654321 {} +

        """;
}
