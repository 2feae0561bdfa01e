#!/usr/bin/env bash
# Installs what is missing (Debian and npm packages), builds, and runs every test. `--long` adds the soaks. The last line is "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
configuration=Release
long=0
[ "${1:-}" = "--long" ] && long=1
export TENANTIDP_TEST_LONG=$long DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Processes that live for seconds gain nothing from being profiled: a tenth of the processor time less.
[ $long = 1 ] || export DOTNET_TieredPGO=0

need() { # command-or-path package
  [ -x "$1" ] || command -v "$1" >/dev/null 2>&1 && return 0
  missing="${missing:-} $2"
}
need dotnet "the .NET 10 SDK"
if [ -n "${missing:-}" ]; then echo "Install$missing first." >&2; exit 2; fi
need /usr/lib/postgresql/15/bin/initdb postgresql-15
need chromium chromium
need node nodejs
need npm npm
need openssl openssl
need php php-cli
need /usr/sbin/nginx nginx-light
need /usr/sbin/knotd knot
# SimpleSAMLphp is run by php itself: no web server, nothing is started.
php_packages="php-xml php-mbstring php-sqlite3 php-curl"
[ -d /usr/share/simplesamlphp/www ] || missing="${missing:-} simplesamlphp $php_packages"
if [ -n "${missing:-}" ]; then
  if [ "$(id -u)" != 0 ]; then echo "Missing:$missing. Run as root once, or install them." >&2; exit 2; fi
  echo "Installing$missing"
  # No package may start its service: the tests start what they need by themselves, where they need it.
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy && made_policy=1; }
  # shellcheck disable=SC2086
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >/tmp/tenantidp-install.log 2>&1 || install_failed=1
  [ -z "${made_policy:-}" ] || rm -f $policy
  if [ -n "${install_failed:-}" ]; then tail -20 /tmp/tenantidp-install.log >&2; exit 2; fi
fi

if [ -f tests/interop/package-lock.json ]; then
  (cd tests/interop && npm ci --silent --no-audit --no-fund --ignore-scripts) || { echo "npm ci failed" >&2; exit 2; }
fi

dotnet build TenantIdP.sln -c $configuration --nologo -v q || { echo "0 passed, 1 failed"; exit 1; }

passed=0 failed=0 broken=0
failures_log=$(mktemp)
for project in tests/*.Tests tests/TenantIdP.Faults; do
  [ -f "$project/$(basename "$project").csproj" ] || continue
  echo "== $(basename "$project")"
  log=$(mktemp)
  # Faults that take half an hour are marked explicit, and run by the long run only.
  explicit=off
  [ $long = 1 ] && [ "$project" = tests/TenantIdP.Faults ] && explicit=on
  dotnet "$project/bin/$configuration/net10.0/$(basename "$project").dll" -noColor -noLogo -explicit $explicit 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  # "Total: 23, Errors: 0, Failed: 1, Skipped: 0, …": passed is what is left.
  read -r total errors failures skipped < <(sed -n 's/.*Total: \([0-9]*\), Errors: \([0-9]*\), Failed: \([0-9]*\), Skipped: \([0-9]*\).*/\1 \2 \3 \4/p' "$log" | tail -1)
  f=$((${errors:-0} + ${failures:-0}))
  p=$((${total:-0} - ${failures:-0} - ${skipped:-0}))
  # Said again at the end, where whoever reads only the last lines finds it.
  grep -n -A 12 '\[FAIL\]' "$log" >> "$failures_log"
  rm -f "$log"
  passed=$((passed + ${p:-0}))
  failed=$((failed + ${f:-0}))
  # A run that ended badly without a failed test (a crash, no tests) is a failure too.
  if [ "$status" != 0 ] && [ "${f:-0}" = 0 ]; then echo "$(basename "$project") ended with status $status" >&2; broken=$((broken + 1)); fi
done

# Changed inputs against the SAML kernel, for a bounded time: one more that passes or fails. The long run takes another seed each time, and prints it.
echo "== TenantIdP.Saml.Fuzz"
fuzz="--seconds 20"
[ $long = 1 ] && fuzz="--seconds 120 --seed $(date +%s)"
# shellcheck disable=SC2086
if dotnet tests/TenantIdP.Saml.Fuzz/bin/$configuration/net10.0/TenantIdP.Saml.Fuzz.dll $fuzz; then passed=$((passed + 1)); else failed=$((failed + 1)); fi

# Likewise the SCIM kernel.
echo "== TenantIdP.Scim.Fuzz"
fuzz="--seconds 15"
[ $long = 1 ] && fuzz="--seconds 120 --seed $(date +%s)"
# shellcheck disable=SC2086
if dotnet tests/TenantIdP.Scim.Fuzz/bin/$configuration/net10.0/TenantIdP.Scim.Fuzz.dll $fuzz; then passed=$((passed + 1)); else failed=$((failed + 1)); fi

failed=$((failed + broken))
if [ -s "$failures_log" ]; then echo "== Failed"; head -c 20000 "$failures_log"; fi
rm -f "$failures_log"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
