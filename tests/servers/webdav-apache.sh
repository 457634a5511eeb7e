#!/usr/bin/env bash
# A real WebDAV server: Apache (Debian: apache2-bin). /dav/ may be written by the user.
. "$(dirname "$0")/lib.sh"
need apache2 openssl perl
port=$(free_port)
mkdir -p "$dir/root/dav"
echo "user:$(openssl passwd -apr1 secret)" > "$dir/users"
modules=/usr/lib/apache2/modules
cat > "$dir/apache.conf" << CONF
ServerRoot $dir
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $dir/pid
Mutex file:$dir
ErrorLog /dev/stderr
DocumentRoot $dir/root
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authn_core_module $modules/mod_authn_core.so
LoadModule authn_file_module $modules/mod_authn_file.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule authz_user_module $modules/mod_authz_user.so
LoadModule auth_basic_module $modules/mod_auth_basic.so
LoadModule dav_module $modules/mod_dav.so
LoadModule dav_fs_module $modules/mod_dav_fs.so
DavLockDB $dir/locks
<Directory $dir/root>
  Dav On
  AuthType Basic
  AuthName dav
  AuthUserFile $dir/users
  Require valid-user
</Directory>
CONF
# What root starts goes on as another user, who must own the files.
if [ "$(id -u)" = 0 ]; then
  printf 'User www-data\nGroup www-data\n' >> "$dir/apache.conf"
  chown -R www-data: "$dir"
fi
spawn apache apache2 -D FOREGROUND -f "$dir/apache.conf"
wait_port "$port"
tell address "webdav://user@127.0.0.1:$port"
tell password secret
serve
