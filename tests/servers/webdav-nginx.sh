#!/usr/bin/env bash
# A real WebDAV server: nginx (Debian: nginx-light, libnginx-mod-http-dav-ext). /dav/ may be written by the user.
. "$(dirname "$0")/lib.sh"
need nginx openssl perl
port=$(free_port)
mkdir -p "$dir/root/dav" "$dir/body"
echo "user:$(openssl passwd -apr1 secret)" > "$dir/users"
# root stays root: the files are its own.
if [ "$(id -u)" = 0 ]; then user="user root;"; else user=; fi
cat > "$dir/nginx.conf" << CONF
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
$user
daemon off;
worker_processes 1;
pid $dir/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi;
  uwsgi_temp_path $dir/uwsgi;
  scgi_temp_path $dir/scgi;
  dav_ext_lock_zone zone=locks:1m;
  server {
    listen 127.0.0.1:$port;
    root $dir/root;
    auth_basic dav;
    auth_basic_user_file $dir/users;
    location / {
      dav_methods PUT DELETE MKCOL COPY MOVE;
      dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
      dav_ext_lock zone=locks;
    }
  }
}
CONF
spawn nginx nginx -e stderr -p "$dir" -c "$dir/nginx.conf"
wait_port "$port"
tell address "webdav://user@127.0.0.1:$port"
tell password secret
serve
