namespace CuckooDrive.Host.Tests.Applications;

/// <summary>
/// SQLite: byte-range locks between processes, fsync, and in WAL mode an index that the processes share by memory mapping.
/// </summary>
public sealed class SqliteTests
{
    /// <summary>
    /// Four processes, each with its own rows and one row that all increase: a lost update or a broken lock shows in the sums.
    /// $1 is the journal mode.
    /// </summary>
    internal const string Work = """
        sqlite3 data.db "PRAGMA journal_mode=$1; PRAGMA page_size=4096;
          CREATE TABLE entry(id INTEGER PRIMARY KEY, writer INT, number INT, payload BLOB, UNIQUE(writer, number));
          CREATE TABLE total(id INTEGER PRIMARY KEY, value INT); INSERT INTO total VALUES(1, 0);" > mode
        [ "$(head -1 mode)" = "$1" ] || fail "journal mode is $(cat mode)"

        write() {
          for number in $(seq 40); do
            echo "BEGIN IMMEDIATE; INSERT INTO entry(writer, number, payload) VALUES($1, $number, zeroblob(0) || printf('%0*d', 100 * $number, $1));
              UPDATE total SET value = value + 1; COMMIT;"
          done | sqlite3 -bail -cmd '.timeout 60000' -cmd 'PRAGMA synchronous=FULL' data.db
        }
        read_meanwhile() {
          for look in $(seq 20); do
            # In one statement, so in one snapshot: as many rows as the counter says.
            sqlite3 -bail -cmd '.timeout 60000' data.db "SELECT (SELECT count(*) FROM entry) = (SELECT value FROM total);" > seen
            [ "$(cat seen)" = 1 ] || fail "a reader saw half a transaction"
          done
        }
        pids=()
        for writer in 1 2 3 4; do write "$writer" & pids+=($!); done
        read_meanwhile & pids+=($!)
        for pid in "${pids[@]}"; do wait "$pid"; done
        """;

    internal const string Verify = """
        [ "$(sqlite3 data.db 'PRAGMA integrity_check')" = ok ] || fail "integrity_check: $(sqlite3 data.db 'PRAGMA integrity_check')"
        [ "$(sqlite3 data.db 'SELECT value FROM total')" = 160 ] || fail "total is $(sqlite3 data.db 'SELECT value FROM total')"
        wrong="SELECT count(*) FROM entry WHERE length(payload) <> max(1, 100 * number) OR CAST(payload AS INT) <> writer"
        [ "$(sqlite3 data.db "SELECT count(*) FROM entry; $wrong")" = $'160\n0' ] || fail "$(sqlite3 data.db "SELECT count(*) FROM entry; $wrong")"

        """;

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    [InlineData("truncate")]
    [InlineData("persist")]
    public async Task Concurrent_writers_lose_nothing(string journalMode)
    {
        Shell.Require("sqlite3");
        await using var drive = await ApplicationDrive.CreateAsync();

        await Shell.RunAsync(drive.MountPoint, Work + "\n" + Verify, journalMode);

        // Afterwards it is still a database that can be written, with memory-mapped reading too.
        await drive.VerifyAsync(Verify + """
            sqlite3 data.db "PRAGMA mmap_size=67108864; DELETE FROM entry WHERE writer = 1; VACUUM; PRAGMA integrity_check" | tail -1 | grep -qx ok
            [ "$(sqlite3 data.db 'SELECT count(*) FROM entry')" = 120 ] || fail "rows are missing after VACUUM"
            """);
    }
}
