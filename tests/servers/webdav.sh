#!/usr/bin/env bash
# A real WebDAV server: lighttpd (Debian: lighttpd, lighttpd-mod-webdav). /dav/ may be written by the user, /readonly/ only read.
# With a folder as argument its files stay there when it ends, for a server that is stopped and started again.
. "$(dirname "$0")/lib.sh"
need lighttpd perl
port=$(free_port)
files=$(realpath -m "${1:-$dir}")
mkdir -p "$files/root/dav" "$files/root/readonly" "$files/uploads"
echo "a file" > "$files/root/file"
echo "user:secret" > "$dir/users"
cat > "$dir/lighttpd.conf" << CONF
server.modules = ("mod_auth", "mod_authn_file", "mod_webdav")
server.bind = "127.0.0.1"
server.port = $port
server.document-root = "$files/root"
server.upload-dirs = ("$files/uploads")
webdav.activate = "enable"
webdav.is-readonly = "disable"
webdav.sqlite-db-name = "$dir/locks.db"
\$HTTP["url"] =~ "^/readonly/" { webdav.is-readonly = "enable" }
auth.backend = "plain"
auth.backend.plain.userfile = "$dir/users"
auth.require = ("/" => ("method" => "basic", "realm" => "dav", "require" => "valid-user"))
mimetype.assign = ("" => "application/octet-stream")
CONF
spawn lighttpd lighttpd -D -f "$dir/lighttpd.conf"
wait_port "$port"
tell address "webdav://user@127.0.0.1:$port"
tell password secret
serve
