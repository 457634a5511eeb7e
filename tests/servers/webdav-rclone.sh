#!/usr/bin/env bash
# A WebDAV server of another family: rclone's (Go's x/net/webdav). / may be written by the user.
. "$(dirname "$0")/lib.sh"
need rclone perl
port=$(free_port)
mkdir -p "$dir/root/dav"
spawn rclone env RCLONE_CONFIG="$dir/rclone.conf" RCLONE_USER=user RCLONE_PASS=secret RCLONE_CACHE_DIR="$dir/cache" \
  rclone serve webdav --addr "127.0.0.1:$port" --vfs-cache-mode off "$dir/root"
wait_port "$port"
tell address "webdav://user@127.0.0.1:$port"
tell password secret
serve
