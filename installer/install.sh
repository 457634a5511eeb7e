#!/bin/sh
# Installs the unpacked archive: ./install.sh [PREFIX]   (default /usr/local; needs to write there and to /sbin)
set -eu
cd "$(dirname "$0")"
prefix=${1:-/usr/local}
install -d "$prefix/lib/cuckoo" "$prefix/bin" "$prefix/lib/systemd/user"
cp -R lib/. "$prefix/lib/cuckoo/"
ln -sf ../lib/cuckoo/cuckoo "$prefix/bin/cuckoo"
install -m 644 cuckoo@.service "$prefix/lib/systemd/user/cuckoo@.service"
# mount(8) looks for its helpers in /sbin only.
if [ -w /sbin ]; then install -m 755 mount.fuse.cuckoo /sbin/mount.fuse.cuckoo; fi
command -v fusermount3 > /dev/null || echo "Please install fuse3 as well (apt-get install fuse3): users other than root need it to mount."
echo "Installed $prefix/bin/cuckoo."
