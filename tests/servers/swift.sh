#!/usr/bin/env bash
# A real OpenStack Swift: proxy, account, container and object server with one replica (Debian: swift-proxy, swift-account,
# swift-container, swift-object), tokens of TempAuth in memcached. Two users: one that may do everything in its account, and one
# of the same account who was given nothing.
. "$(dirname "$0")/lib.sh"
need swift-proxy-server swift-account-server swift-container-server swift-object-server memcached curl perl
port=$(free_port)
cache=$(free_port)
mkdir -p "$dir/devices/d1" "$dir/recon"
cat > "$dir/swift.conf" << CONF
[swift-hash]
swift_hash_path_suffix = cuckoo
[storage-policy:0]
name = only
default = yes
# So that short lists have many pages.
[swift-constraints]
container_listing_limit = 4
CONF
spawn memcached memcached -l 127.0.0.1 -p "$cache" -U 0 -u "$(id -un)"
wait_port "$cache"
common="bind_ip = 127.0.0.1
user = $(id -un)
swift_dir = $dir
devices = $dir/devices
recon_cache_path = $dir/recon
mount_check = false
fallocate_reserve = 0
workers = 0
eventlet_debug = false
log_statsd_host ="
# storage KIND: the configuration of its server, on a port of its own
storage() {
  cat > "$dir/$1-server.conf" << CONF
[DEFAULT]
bind_port = $(free_port)
$common
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
CONF
}
port_of() { sed -n 's/^bind_port = //p' "$dir/$1-server.conf"; }
for kind in account container object; do storage "$kind"; done
# The same as nine calls of swift-ring-builder, each of which would load all of Python anew.
/usr/bin/python3 - "$dir" "$(port_of account)" "$(port_of container)" "$(port_of object)" > "$dir/rings.log" 2>&1 << 'PYTHON'
import sys
from swift.common.ring import RingBuilder
for kind, port in zip(("account", "container", "object"), map(int, sys.argv[2:])):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1", "weight": 1.0, "meta": "",
                     "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{kind}.ring.gz")
PYTHON
cat > "$dir/proxy-server.conf" << CONF
[DEFAULT]
bind_port = $port
$common
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats tempauth copy container-quotas account-quotas proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$cache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:tempauth]
use = egg:swift#tempauth
user_cuckoo_owner = secret .admin .reseller_admin
user_cuckoo_guest = guestsecret
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:account-quotas]
use = egg:swift#account_quotas
CONF
for kind in account container object proxy; do spawn "$kind" "swift-$kind-server" "$dir/$kind-server.conf" -v; done
wait_port "$port"
for _ in $(seq 240); do curl -fsS "http://127.0.0.1:$port/healthcheck" > /dev/null 2>&1 && break; sleep 0.25; done
for kind in account container object; do
  wait_port "$(port_of "$kind")"
done
tell auth "http://127.0.0.1:$port/auth/v1.0"
tell user cuckoo:owner
tell password secret
tell guest cuckoo:guest
tell guest-password guestsecret
serve
