#!/bin/sh
# restart-web.sh FOLDER PORT NODE PROGRAM: for the web service of the test what `systemctl restart` is for a real one.
set -eu
folder=$1 port=$2 node=$3 program=$4

pid=$(cat "$folder/web.pid")
kill "$pid"
tries=0
# Gone, or a zombie that its parent has not looked at yet.
while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -gt 50 ]; then
    echo "process $pid does not end" >&2
    exit 1
  fi
  sleep 0.1
done

# What a step leaves running is ended with the step, found by a variable of its environment. A service manager starts a
# service in an environment of its own; so does this.
env -i PATH="$PATH" setsid "$node" "$program" "$folder" "$port" </dev/null >>"$folder/web.out" 2>&1 &
started=$!
# Until it serves: a process that has not yet left this environment would be ended with the step.
tries=0
while [ "$(cat "$folder/web.pid")" = "$pid" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ]; then
    echo "the service did not come up" >&2
    exit 1
  fi
  sleep 0.1
done
echo "ended $pid, started $started"
