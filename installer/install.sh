#!/bin/sh
# Installs the unpacked archive: ./install.sh [PREFIX [HELPERS]]   (default /usr/local and /sbin; needs to write there)
set -eu
cd "$(dirname "$0")"
prefix=${1:-/usr/local}
# mount(8) looks for its helpers in /sbin only; elsewhere they are of use for a package that is being made.
helpers=${2:-/sbin}
install -d "$prefix/lib/cuckoo" "$prefix/bin" "$prefix/lib/systemd/user" "$prefix/share/man/man1"
cp -R lib/. "$prefix/lib/cuckoo/"
ln -sf ../lib/cuckoo/cuckoo "$prefix/bin/cuckoo"
install -m 644 cuckoo@.service "$prefix/lib/systemd/user/cuckoo@.service"
install -m 644 cuckoo.1 "$prefix/share/man/man1/cuckoo.1"
if [ -w "$helpers" ]; then install -m 755 mount.fuse.cuckoo "$helpers/mount.fuse.cuckoo"; fi
command -v fusermount3 > /dev/null || echo "Please install fuse3 as well (apt-get install fuse3): users other than root need it to mount."
echo "Installed $prefix/bin/cuckoo."
