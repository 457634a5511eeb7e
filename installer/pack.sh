#!/usr/bin/env bash
# Called by "build.sh pack": publishes the program with its runtime and makes a .tar.gz and, where dpkg-deb is there, a .deb.
# usage: installer/pack.sh OUTPUT_FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$1
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) rid=linux-x64 arch=amd64 ;;
  Linux-aarch64) rid=linux-arm64 arch=arm64 ;;
  Darwin-arm64) rid=osx-arm64 arch= ;;
  Darwin-x86_64) rid=osx-x64 arch= ;;
  *) echo "pack: no package for this system yet" >&2; exit 1 ;;
esac
stage=artifacts/pack-stage
rm -rf "$stage"
program=$stage/cuckoo-$version-$rid
mkdir -p "$program"
dotnet publish src/CuckooDrive.Host -c Release -r "$rid" --self-contained -p:PublishReadyToRun=true -v quiet -nologo -p:DebugType=none -o "$program/lib"
cp installer/install.sh installer/mount.fuse.cuckoo installer/systemd/cuckoo@.service installer/cuckoo.1 LICENSE README.md docs/operations.md "$program/"
tar -C "$stage" --owner=0 --group=0 -czf "$out/cuckoo-$version-$rid.tar.gz" "cuckoo-$version-$rid"

if [ -n "$arch" ] && command -v dpkg-deb > /dev/null; then
  root=$stage/deb
  install -d "$root/DEBIAN" "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib/systemd/user" "$root/usr/share/doc/cuckoo" "$root/usr/share/man/man1"
  cp -R "$program/lib" "$root/usr/lib/cuckoo"
  ln -s ../lib/cuckoo/cuckoo "$root/usr/bin/cuckoo"
  install -m 755 installer/mount.fuse.cuckoo "$root/usr/sbin/mount.fuse.cuckoo"
  install -m 644 installer/systemd/cuckoo@.service "$root/usr/lib/systemd/user/cuckoo@.service"
  gzip -9 -n -c installer/cuckoo.1 > "$root/usr/share/man/man1/cuckoo.1.gz"
  install -m 644 README.md docs/operations.md "$root/usr/share/doc/cuckoo/"
  install -m 644 LICENSE "$root/usr/share/doc/cuckoo/copyright"
  cat > "$root/DEBIAN/control" << CONTROL
Package: cuckoo
Version: $version
Architecture: $arch
Maintainer: CuckooDrive contributors <noreply@example.org>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: fuse3, libc6, libgcc-s1, libstdc++6, libssl3 | libssl3t64 | libssl1.1
Section: utils
Priority: optional
Description: one private, encrypted, redundant disk made of several clouds
 CuckooDrive cuts files into chunks, compresses and encrypts them and spreads
 them over several clouds, so that any chosen number of them may vanish.
CONTROL
  dpkg-deb --root-owner-group --build "$root" "$out/cuckoo_${version}_$arch.deb" > /dev/null
fi
rm -rf "$stage"
