#!/usr/bin/env bash
# A SLURM of one node for tests: slurm.sh up FOLDER [CPUS MEM_MB GPUS], slurm.sh down FOLDER
#
# FOLDER holds its configuration, state and logs until it is down. The node listens on the loopback address only and needs no systemd, database
# or cgroups. Its CPUs, memory and GPUs are whatever the arguments say: nothing compares them with the machine, and a GPU is a
# device file that no process opens. Finished jobs remain visible to scontrol for an hour.
#
# The daemons run as root. A user who is not root needs sudo without a password.
set -euo pipefail

NEEDED=(slurmctld slurmd sbatch munged)
LINKS=(slurm.conf gres.conf) # srun inside a job finds its configuration in /etc/slurm and nowhere else

stop() {
    echo "slurm.sh: $1" >&2
    exit 1
}

missing() {
    local tool
    for tool in "${NEEDED[@]}"; do
        command -v "$tool" > /dev/null || return 0
    done
    return 1
}

install_packages() {
    command -v apt-get > /dev/null || stop "SLURM or munge is missing and there is no apt: install slurmctld, slurmd, the SLURM client and munge"
    export DEBIAN_FRONTEND=noninteractive
    local install=(apt-get install -qq -y --no-install-recommends slurm-wlm munge)
    "${install[@]}" > "$1/install.log" 2>&1 || { apt-get update -qq && "${install[@]}"; } >> "$1/install.log" 2>&1 || {
        tail -n 5 "$1/install.log" >&2
        stop "apt cannot install slurm-wlm and munge: install them, then run this again"
    }
}

configure() {
    local folder=$1 cpus=$2 memory=$3 gpus=$4 number devices=
    for number in $(seq 0 $((gpus - 1))); do
        [ -e "$folder/gpu$number" ] || mknod "$folder/gpu$number" c 195 "$number"
    done
    if [ "$gpus" -gt 0 ]; then
        devices=" Gres=gpu:$gpus"
        echo "NodeName=localhost Name=gpu File=$folder/gpu[0-$((gpus - 1))]" > "$folder/gres.conf"
    else
        : > "$folder/gres.conf"
    fi
    mkdir -p "$folder/state" "$folder/spool"
    cat > "$folder/slurm.conf" << CONF
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
# No cgroups, no accounting
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
# Jobs share the node by cores, memory and GPUs
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=2,sched_interval=2
# As the tests need it: SLURM itself restarts no job, and keeps what it knows of finished ones
JobRequeue=0
MinJobAge=3600
KillWait=10
ReturnToService=2
NodeName=localhost NodeAddr=127.0.0.1 CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$memory$devices State=UNKNOWN
PartitionName=cpu Nodes=localhost Default=YES MaxTime=60 DefMemPerCPU=500 State=UP
PartitionName=gpu Nodes=localhost Default=NO MaxTime=60 DefMemPerCPU=500 State=UP
CONF
}

start_munge() {
    munge --no-input > /dev/null 2>&1 && return # somebody else's, which stays
    install -d -o munge -g munge -m 0755 /run/munge
    [ -s /etc/munge/munge.key ] || runuser -u munge -- mungekey
    runuser -u munge -- munged
    touch "$1/munge-is-ours"
}

up() {
    local name
    [ "$(id -u)" = 0 ] || stop "needs root, or sudo without a password, to start SLURM"
    for name in "${LINKS[@]}"; do
        if [ -e "/etc/slurm/$name" ] || [ -L "/etc/slurm/$name" ]; then
            stop "/etc/slurm/$name exists: stop that SLURM first (slurm.sh down FOLDER, if it is one of these)"
        fi
    done
    mkdir -p "$folder"
    if missing; then install_packages "$folder"; fi
    # What has been started is stopped again if one of the next steps fails.
    trap 'down "$folder"' EXIT
    configure "$folder" "${2:-4}" "${3:-4000}" "${4:-2}"
    mkdir -p /etc/slurm
    for name in "${LINKS[@]}"; do ln -s "$folder/$name" "/etc/slurm/$name"; done
    start_munge "$folder"
    slurmctld -c
    slurmd
    for _ in $(seq 60); do
        if [ "$(sinfo --noheader --format %T --partition cpu 2> /dev/null)" = idle ]; then
            trap - EXIT
            return
        fi
        sleep 0.5
    done
    tail -n 20 "$folder"/slurmctld.log "$folder"/slurmd.log >&2 || true
    stop "the node did not become idle within 30 seconds; the last lines of its logs are above"
}

# End the process of a file with its number, and wait until it has ended.
end() {
    local file=$1 process
    [ -s "$file" ] || return 0
    process=$(cat "$file")
    kill "$process" 2> /dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$process" 2> /dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$process" 2> /dev/null || true
}

down() {
    local folder=$1 name
    [ -e "$folder/slurm.conf" ] || stop "$folder has no SLURM of this script"
    # Jobs outlive the daemons.
    if [ -s "$folder/slurmctld.pid" ] && [ -n "$(squeue --noheader --format %i 2> /dev/null)" ]; then
        squeue --noheader --format %i | xargs --no-run-if-empty scancel || true
        for _ in $(seq 20); do
            [ -z "$(squeue --noheader --format %i 2> /dev/null)" ] && break
            sleep 1
        done
    fi
    end "$folder/slurmd.pid"
    end "$folder/slurmctld.pid"
    if [ -e "$folder/munge-is-ours" ]; then
        end /run/munge/munged.pid
        rm "$folder/munge-is-ours"
    fi
    for name in "${LINKS[@]}"; do
        if [ "$(readlink "/etc/slurm/$name")" = "$folder/$name" ]; then rm "/etc/slurm/$name"; fi
    done
    (cd "$folder" && rm -rf state spool slurm.conf gres.conf gpu[0-9]* ./*.log ./*.pid)
    rmdir --ignore-fail-on-non-empty "$folder"
}

action=${1:-}
[[ "$action" =~ ^(up|down)$ && -n "${2:-}" ]] || stop "usage: slurm.sh up FOLDER [CPUS MEM_MB GPUS] | slurm.sh down FOLDER"
folder=$(realpath --canonicalize-missing "$2")
if [ "$(id -u)" != 0 ] && sudo --non-interactive true 2> /dev/null; then
    exec sudo --non-interactive "$0" "$action" "$folder" "${@:3}"
fi
"$action" "$folder" "${@:3}"
