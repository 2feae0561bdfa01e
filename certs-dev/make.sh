#!/usr/bin/env bash
# Makes a certificate for localhost and 127.0.0.1 in this folder, signed by an authority of its own. For development and tests only: the server refuses it elsewhere.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
if [[ -f localhost.crt && "${1:-}" != "--renew" ]] && openssl x509 -in localhost.crt -noout -checkend 604800 >/dev/null; then
  echo "certs-dev/localhost.crt is still good; --renew makes another"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The authority's key never leaves this run: a stolen one could vouch for other sites of this machine.
openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -sha256 -days 365 -out ca.crt -subj "/CN=TenantIdP development authority" \
  -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl ecparam -name prime256v1 -genkey -noout -out localhost.key
openssl req -new -key localhost.key -subj "/CN=localhost" -out "$work/localhost.csr"
cat > "$work/extensions" <<'X'
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
X
openssl x509 -req -in "$work/localhost.csr" -CA ca.crt -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" -days 90 -sha256 -extfile "$work/extensions" -out localhost.crt
openssl verify -CAfile ca.crt localhost.crt
echo "Set Kestrel__Certificates__Default__Path=$PWD/localhost.crt and Kestrel__Certificates__Default__KeyPath=$PWD/localhost.key; let clients trust ca.crt"
