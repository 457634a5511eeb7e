#!/usr/bin/env bash
# A real S3 server: Ceph's radosgw over one monitor and one store in memory (Debian: ceph-mon, ceph-osd, radosgw, ceph-common).
# Ready after some 15 seconds. Two users: one that may do everything, and a guest without any rights to its buckets.
. "$(dirname "$0")/lib.sh"
need ceph-mon ceph-osd radosgw radosgw-admin ceph ceph-authtool monmaptool curl perl
port=$(free_port)
monitor=$(free_port)
cluster=$(cat /proc/sys/kernel/random/uuid)
store=$(cat /proc/sys/kernel/random/uuid)
mkdir -p "$dir"/{mon,osd,run,log,rgw}
cat > "$dir/ceph.conf" << CONF
[global]
fsid = $cluster
mon host = v2:127.0.0.1:$monitor/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $dir/keyring
run dir = $dir/run
admin socket = $dir/run/\$name.\$pid.asok
log file = $dir/log/\$name.log
mon data = $dir/mon
# The disk's fill level says nothing about a store in memory.
mon data avail warn = 1
mon data avail crit = 1
mon allow pool size one = true
mon max pg per osd = 2000
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd class load list = *
osd class default list = *
[client.rgw]
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw thread pool size = 32
CONF
export CEPH_CONF=$dir/ceph.conf
ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' > /dev/null
for who in client.admin osd.0 client.rgw; do
  ceph-authtool "$dir/keyring" --gen-key -n "$who" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' > /dev/null
done
cp "$dir/keyring" "$dir/rgw/keyring"
cp "$dir/keyring" "$dir/osd/keyring"
monmaptool --create --addv a "[v2:127.0.0.1:$monitor]" --fsid "$cluster" "$dir/monmap" > /dev/null
# As the owner of these files, also where root's default would be another user.
as=(--setuser "$(id -un)" --setgroup "$(id -gn)")
ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring" "${as[@]}" > "$dir/mkfs.log" 2>&1
spawn mon ceph-mon -i a -f "${as[@]}"
timeout 60 ceph osd new "$store" > /dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$store" "${as[@]}" >> "$dir/mkfs.log" 2>&1
spawn osd ceph-osd -i 0 -f "${as[@]}"
for _ in $(seq 120); do timeout 20 ceph osd stat 2> /dev/null | grep -q '1 up' && break; sleep 0.25; done
spawn radosgw radosgw -n client.rgw -k "$dir/rgw/keyring" -f "${as[@]}"
wait_port "$port"
user() { radosgw-admin -n client.rgw user create --uid="$1" --display-name="$1" --access-key="$2" --secret-key="$3" > /dev/null 2>> "$dir/users.log"; }
user cuckoo CUCKOO CUCKOOSECRET
user guest GUEST GUESTSECRET
tell endpoint "http://127.0.0.1:$port"
tell access-key CUCKOO
tell secret-key CUCKOOSECRET
tell guest-access-key GUEST
tell guest-secret-key GUESTSECRET
serve
