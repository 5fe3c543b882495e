#!/bin/bash
# Trains on several machines that this one reaches by ssh without a password:
#
#     bash configs/cluster/ssh.sh gpu1,gpu2 --flagfile=/shared/audioset.flags --workdir=/shared/runs/audioset
#
# `byola` must be in the PATH of each machine for a command by ssh, or stand in the variable BYOLA, such as
# BYOLA=/opt/byola/bin/byola. All that follows the machines goes to `byola pretrain`.
# Ctrl-C or SIGTERM here lets all workers save and stop.
set -euo pipefail

IFS=, read -ra hosts <<<"$1"
shift
# Worker number i listens at PORT plus i, so that a name may stand twice to try it out on one machine.
port=${PORT:-2222}
byola=${BYOLA:-byola}

# "host:port", "host:port", ...: the same on all machines. The first is the chief.
workers=""
for index in "${!hosts[@]}"; do
    workers+="${workers:+, }\"${hosts[$index]}:$((port + index))\""
done

# The flags once more, so that the shell on the other machine takes each as one word.
flags=$(printf '%q ' "$@")

# Where each worker leaves the number of its process.
pid_file() { echo "\${TMPDIR:-/tmp}/byola-$((port + $1)).pid"; }

# Ctrl-C would end ssh and not the workers. One that gets SIGTERM stops all.
stop() {
    ssh "${hosts[0]}" "kill -TERM \$(cat $(pid_file 0))" || true
}
trap stop INT TERM

processes=()
for index in "${!hosts[@]}"; do
    tf_config="{\"cluster\": {\"worker\": [$workers]}, \"task\": {\"type\": \"worker\", \"index\": $index}}"
    # A session of its own, which Ctrl-C does not reach.
    setsid ssh -n "${hosts[$index]}" \
        "echo \$\$ > $(pid_file "$index"); exec env TF_CONFIG=$(printf '%q' "$tf_config") $byola pretrain $flags" &
    processes+=($!)
done

# The first error of a worker is the exit code; the others end by themselves.
code=0
for process in "${processes[@]}"; do
    while kill -0 "$process" 2>/dev/null; do
        # A signal ends `wait` before the process has ended.
        wait "$process" && status=0 || status=$?
    done
    wait "$process" && status=0 || status=$?
    [ "$code" != 0 ] || code=$status
done
exit "$code"
