#!/usr/bin/env bash
# An SFTP server that is not OpenSSH, takes passwords and refuses to write: rclone's.
. "$(dirname "$0")/lib.sh"
need rclone ssh-keygen perl
port=$(free_port)
mkdir -p "$dir/root/folder"
ssh-keygen -q -t ed25519 -N '' -C host -f "$dir/host_key"
spawn rclone env RCLONE_CONFIG="$dir/rclone.conf" RCLONE_USER=user RCLONE_PASS=secret \
  rclone serve sftp --read-only --addr "127.0.0.1:$port" --key "$dir/host_key" "$dir/root"
wait_port "$port"
tell host "127.0.0.1:$port"
tell password secret
tell host-key "$(ssh-keygen -lf "$dir/host_key" | cut -d ' ' -f 2)"
serve
