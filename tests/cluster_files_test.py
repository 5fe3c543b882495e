"""The files of configs/cluster, the very ones that users start; Slurm, ssh and byola have stand-ins."""

import json
import os
import pathlib
import subprocess

import pytest
import yaml

from byola_keras.training.tf_config import Place, read_place

FOLDER = pathlib.Path(__file__).parents[1] / "configs" / "cluster"
# Each stand-in is a script of its name, first in the PATH.
STAND_INS = {
    # Tells what it was started with.
    "byola": 'echo "$TF_CONFIG|$*" >> "$REPORT"; exit "${EXIT_CODE:-0}"',
    "scontrol": '[ "$1" = show ] && printf "node3\\nnode7\\n" || echo "$*" >> "$REPORT.requeued"',
    "srun": 'shift; SLURM_PROCID=0 "$@"; first=$?; SLURM_PROCID=1 "$@" && exit "$first"',
    "ssh": 'shift; exec sh -c "$2"',
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command with the stand-ins; returns its exit code, and place and arguments of each worker."""
    for name, text in STAND_INS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)

    def run(*command, **environment):
        report = tmp_path / "report"
        report.unlink(missing_ok=True)
        path = f"{tmp_path}:{os.environ['PATH']}"
        variables = {**os.environ, "PATH": path, "REPORT": str(report), "TMPDIR": str(tmp_path)}
        code = subprocess.run(command, env={**variables, **environment}, check=False).returncode
        told = []
        for line in report.read_text().splitlines():
            config, _, arguments = line.partition("|")
            monkeypatch.setenv("TF_CONFIG", config)
            told.append((read_place(), arguments))
        return code, sorted(told, key=lambda each: each[0].index)

    return run


def test_slurm(run, tmp_path):
    slurm = {"SLURM_JOB_ID": "70012", "SLURM_JOB_NODELIST": "node[3,7]"}
    script = str(FOLDER / "slurm.sh")
    addresses = ("node3:20012", "node7:20013")
    arguments = "pretrain --stopped_exit_code=75 --encoder=Encoder(channels=4, conv_blocks=2)"
    given = arguments.split(maxsplit=2)[2]
    assert run("bash", script, given, **slurm) == (
        0,
        [(Place(addresses, 0), arguments), (Place(addresses, 1), arguments)],
    )
    assert not (tmp_path / "report.requeued").exists()
    assert run("bash", script, **slurm, EXIT_CODE="1")[0] == 1
    assert run("bash", script, **slurm, EXIT_CODE="75")[0] == 75
    assert (tmp_path / "report.requeued").read_text() == "requeue 70012\n"


def test_ssh(run):
    command = [
        "bash",
        str(FOLDER / "ssh.sh"),
        "gpu1,gpu2",
        "--workdir=my runs",
        "--encoder=Encoder(channels=4)",
    ]
    addresses = ("gpu1:2222", "gpu2:2223")
    arguments = "pretrain --workdir=my runs --encoder=Encoder(channels=4)"
    assert run(*command) == (0, [(Place(addresses, 0), arguments), (Place(addresses, 1), arguments)])
    assert run(*command, EXIT_CODE="3")[0] == 3


def test_kubernetes(run):
    service, job = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    assert (service["apiVersion"], service["kind"]) == ("v1", "Service")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    name, spec = job["metadata"]["name"], job["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["completionMode"] == "Indexed" and spec["completions"] == spec["parallelism"]
    # What makes the names of the pods: a headless service called like the pods' subdomain, that selects them.
    assert service["spec"]["clusterIP"] == "None" and service["spec"]["publishNotReadyAddresses"] is True
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    assert pod["subdomain"] == service["metadata"]["name"] and pod["restartPolicy"] == "OnFailure"
    (port,) = service["spec"]["ports"]
    assert port["port"] == container["ports"][0]["containerPort"]
    assert [each["name"] for each in pod["volumes"]] == [each["name"] for each in container["volumeMounts"]]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert int(environment["WORKERS"]) == spec["completions"]
    for index in range(spec["completions"]):
        command = [*container["command"], *container["args"]]
        code, ((place, arguments),) = run(*command, **environment, JOB_COMPLETION_INDEX=str(index))
        hosts = [
            f"{name}-{number}.{pod['subdomain']}:{port['port']}" for number in range(spec["completions"])
        ]
        assert (code, place) == (0, Place(tuple(hosts), index))
        assert arguments.startswith("pretrain --flagfile=/shared/") and "--stopped_exit_code=75" in arguments


def test_json_is_what_tensorflow_reads(run):
    """One key more or less, and TensorFlow would train alone."""
    run("bash", str(FOLDER / "ssh.sh"), "a")
    config = json.loads(os.environ["TF_CONFIG"])
    assert config == {"cluster": {"worker": ["a:2222"]}, "task": {"type": "worker", "index": 0}}
