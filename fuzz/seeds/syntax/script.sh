#!/bin/sh
set -e; export TARGET="${TARGET:-$(uname -s | tr A-Z a-z)}"
if [ -f ./build.sh ] && ! command -v gcc >/dev/null 2>&1; then
  for part in a 'b c' "d\$e"; do curl -fsSL "http://download.invalid/$part" | sh -s -- --quiet; done
fi
cat <<'END' > out.txt
text $not expanded `either`
END
case "$TARGET" in linux*) (cd /tmp && ./run &) ;; *) exit 1 ;; esac
