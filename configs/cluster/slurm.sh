#!/bin/bash
# Trains on several machines of a Slurm cluster. In the checkout:
#
#     sbatch configs/cluster/slurm.sh --flagfile=configs/audioset.flags --workdir=/shared/runs/audioset
#
# All that follows the script's name goes to `byola pretrain`. Partition, account and modules are your cluster's.
#
# One worker a machine, which trains on all its GPUs:
#SBATCH --job-name=byola
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
# Two minutes before the time is up all workers get SIGTERM: they save, and end with the exit code below.
#SBATCH --signal=TERM@120
# The job may then be queued again, also by Slurm when a machine fails, and goes on with the same log.
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

# A port that other jobs on the same machines hardly use; worker number i listens at the port plus i.
port=$((20000 + SLURM_JOB_ID % 10000))

# The machines of the job in the order of their tasks, as "host:port", "host:port", ...
workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" |
    awk -v port="$port" '{ printf "%s\"%s:%d\"", (NR > 1 ? ", " : ""), $1, port + NR - 1 }')
export CLUSTER="{\"worker\": [$workers]}"

# Each task knows its number and completes TF_CONFIG by it. When one fails, Slurm ends the others, too.
code=0
srun --kill-on-bad-exit=1 bash -c '
    export TF_CONFIG="{\"cluster\": $CLUSTER, \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec byola pretrain "$@"
' worker --stopped_exit_code=75 "$@" || code=$?

# Saved and stopped before the end: the same job again, which goes on from there.
if [ "$code" = 75 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
