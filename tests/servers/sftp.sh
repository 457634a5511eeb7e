#!/usr/bin/env bash
# A real SFTP server: OpenSSH (Debian: openssh-server). The current user logs in with the printed key; files lie by absolute path.
. "$(dirname "$0")/lib.sh"
need sshd ssh-keygen ssh-agent ssh-add perl
port=$(free_port)
ssh-keygen -q -t ed25519 -N '' -C host -f "$dir/host_key"
ssh-keygen -q -t ed25519 -N '' -C client -f "$dir/client_key"
ssh-keygen -q -t ed25519 -N '' -C stranger -f "$dir/other_key"
ssh-keygen -q -t ed25519 -N 'open sesame' -C client -f "$dir/sealed_key"
cat "$dir/client_key.pub" "$dir/sealed_key.pub" > "$dir/authorized_keys"
mkdir -p "$dir/root"
echo "a file" > "$dir/file"
# Where sshd separates its privileges when root runs it.
if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
cat > "$dir/sshd_config" << CONF
Port $port
ListenAddress 127.0.0.1
HostKey $dir/host_key
PidFile none
AuthorizedKeysFile $dir/authorized_keys
PasswordAuthentication yes
UsePAM no
PermitRootLogin yes
StrictModes no
MaxStartups 100
PerSourcePenalties no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
CONF
sshd=$(command -v sshd)
"$sshd" -t -f "$dir/sshd_config" 2> /dev/null || sed -i /PerSourcePenalties/d "$dir/sshd_config"
spawn sshd "$sshd" -D -e -f "$dir/sshd_config"
wait_port "$port"
# An agent with the same key.
spawn agent ssh-agent -D -a "$dir/agent"
for _ in $(seq 100); do SSH_AUTH_SOCK=$dir/agent ssh-add -q "$dir/client_key" 2> /dev/null && break; sleep 0.1; done
tell user "$(id -un)"
tell host "127.0.0.1:$port"
tell folder "$dir"
serve
