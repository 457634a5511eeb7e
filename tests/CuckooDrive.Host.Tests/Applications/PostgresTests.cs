namespace CuckooDrive.Host.Tests.Applications;

/// <summary>PostgreSQL: thousands of files, a log synced with every transaction, recovery after a crash, page checksums.</summary>
public sealed class PostgresTests
{
    /// <summary>The server refuses to run as root, so the cluster belongs to the account that its package makes. $1 is the socket's folder.</summary>
    private const string Tools = """
        bin="$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1)"
        [ -x "$bin/initdb" ] || fail "PostgreSQL's server is missing here; ./build.sh test installs it"
        sockets="$1"
        as=()
        if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$sockets"); fi
        start() {
          "${as[@]}" "$bin/pg_ctl" -D "$PWD/cluster" -w -t 120 -l "$sockets/log" -o "-k $sockets -c listen_addresses= -c shared_buffers=16MB" start > /dev/null ||
            fail "$(cat "$sockets/log")"
        }
        stop() { "${as[@]}" "$bin/pg_ctl" -D "$PWD/cluster" -w -t 120 -m "$1" stop > /dev/null || fail "$(cat "$sockets/log")"; }
        query() { "${as[@]}" "$bin/psql" -h "$sockets" -X -A -t -v ON_ERROR_STOP=1 -d postgres -c "$1"; }
        # Every transaction of pgbench adds one number to four tables: the sums differ when any part of one was lost.
        balanced() {
          query "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = sum(delta) AND (SELECT sum(bbalance) FROM pgbench_branches) = sum(delta)
            AND (SELECT sum(tbalance) FROM pgbench_tellers) = sum(delta) AND count(*) >= $1 FROM pgbench_history" > "$sockets/balanced"
          [ "$(cat "$sockets/balanced")" = t ] || fail "the balances differ, or fewer than $1 transactions are there: $(query 'SELECT count(*) FROM pgbench_history')"
        }

        """;

    [Fact]
    public async Task A_cluster_runs_pgbench_recovers_from_a_crash_and_keeps_every_transaction()
    {
        Shell.Require("setpriv");
        await using var sockets = new OutsideFolder();
        await using var drive = await ApplicationDrive.CreateAsync();

        var transactions = await Shell.RunAsync(drive.MountPoint, Tools + """
            if [ "$(id -u)" = 0 ]; then chown postgres "$sockets"; fi
            mkdir -m 0700 cluster
            if [ "$(id -u)" = 0 ]; then chown postgres cluster; fi
            "${as[@]}" "$bin/initdb" -D "$PWD/cluster" --locale=C --encoding=UTF8 --auth=trust --data-checksums > "$sockets/initdb" 2>&1 || fail "$(cat "$sockets/initdb")"
            start
            "${as[@]}" "$bin/pgbench" -h "$sockets" -q -i -s 1 postgres > "$sockets/bench" 2>&1 || fail "$(cat "$sockets/bench")"
            "${as[@]}" "$bin/pgbench" -h "$sockets" -c 4 -j 2 -T 4 postgres > "$sockets/bench" 2>&1 || fail "$(cat "$sockets/bench")"
            done="$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$sockets/bench")"
            [ "$done" -gt 0 ] || fail "$(cat "$sockets/bench")"
            balanced "$done"
            # No checkpoint: what the log says must be done again after the remount.
            stop immediate
            echo "$done"
            """, sockets.Path);

        await drive.VerifyAsync(Tools + """
            start
            balanced "$2"
            query 'VACUUM FULL pgbench_accounts; ' > /dev/null
            query 'CHECKPOINT' > /dev/null
            balanced "$2"
            stop fast
            "${as[@]}" "$bin/pg_checksums" --check -D "$PWD/cluster" > "$sockets/sums" 2>&1 || fail "$(cat "$sockets/sums")"
            """, sockets.Path, transactions.Trim());
    }
}
