#!/usr/bin/env bash
# Azurite, Microsoft's own emulator of Azure Blob Storage, from npm; it is installed once into the folder given as argument.
# 3.35.0 is the newest for Node 20. The account and its key are the well-known ones of every emulator.
. "$(dirname "$0")/lib.sh"
need node npm perl
tools=$(realpath -m "${1:?usage: azure.sh FOLDER-FOR-AZURITE}")
azurite=$tools/node_modules/.bin/azurite-blob
if [ ! -x "$azurite" ]; then
  mkdir -p "$tools"
  npm install --no-audit --no-fund --no-progress --loglevel=error --prefix "$tools" azurite@3.35.0 > "$dir/npm.log" 2>&1 ||
    fail "npm could not install azurite@3.35.0; check the network and the npm registry"
fi
port=$(free_port)
cd "$dir"
# The SDK is newer than the emulator, which would refuse its version of the protocol.
spawn azurite "$azurite" --blobHost 127.0.0.1 --blobPort "$port" --inMemoryPersistence --silent \
  --disableTelemetry --skipApiVersionCheck
wait_port "$port"
tell endpoint "http://127.0.0.1:$port/devstoreaccount1"
tell account devstoreaccount1
tell key "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
serve
