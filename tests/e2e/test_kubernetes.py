"""The manifests of docker/k8s: valid, of one piece with each other, the image and the service file in them, and served as they say."""
import os
import re
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import requests
import yaml

from daemon import Daemon, binary, free_port

REPO = Path(os.environ["LAKETIDE_SOURCE_DIR"])
FILES = sorted((REPO / "docker/k8s").glob("*.yaml"))
# The oldest Kubernetes that knows all that stands there as stable (ReadWriteOncePod), one that people have, and the newest known here.
VERSIONS = ["1.31.0", "1.33.1", kubernetes_validate.latest_version()]


def documents():
    return [document for file in FILES for document in yaml.safe_load_all(file.read_text())]


def one(kind, name="laketide"):
    [found] = [document for document in documents() if (document["kind"], document["metadata"]["name"]) == (kind, name)]
    return found


def pod():
    return one("StatefulSet")["spec"]["template"]["spec"]


def container():
    [only] = pod()["containers"]
    return only


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_is_valid(version):
    kinds = set()
    for document in documents():
        kubernetes_validate.validate(document, version, strict=True)
        kinds.add(document["kind"])
    assert kinds == {"ConfigMap", "Secret", "Service", "StatefulSet", "PodDisruptionBudget"}
    wrong = one("StatefulSet")
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_what_is_named_is_there():
    labels = one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    for kind, name in (("Service", "laketide"), ("Service", "laketide-headless")):
        assert one(kind, name)["spec"]["selector"].items() <= labels.items()
    assert one("StatefulSet")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert one("Service", one("StatefulSet")["spec"]["serviceName"])["spec"]["clusterIP"] == "None"
    ports = {port["name"] for port in container()["ports"]}
    for name in ("laketide", "laketide-headless"):
        assert {port["targetPort"] for port in one("Service", name)["spec"]["ports"]} <= ports
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    claims = {claim["metadata"]["name"] for claim in one("StatefulSet")["spec"]["volumeClaimTemplates"]}
    assert {mount["name"] for mount in container()["volumeMounts"]} == volumes.keys() | claims
    for volume in volumes.values():
        if "configMap" in volume:
            one("ConfigMap", volume["configMap"]["name"])
        else:
            one("Secret", volume["secret"]["secretName"])


def test_the_pod_is_held_as_short_as_the_image_allows():
    [user] = re.findall(r"^USER (\d+):(\d+)$", (REPO / "docker/Dockerfile").read_text(), re.MULTILINE)
    security = pod()["securityContext"]
    assert (security["runAsNonRoot"], str(security["runAsUser"]), str(security["runAsGroup"]), str(security["fsGroup"])) == (True, user[0], user[1], user[1])
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container()["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert pod()["automountServiceAccountToken"] is False
    assert set(container()["resources"]) == {"requests", "limits"} and set(container()["resources"]["limits"]) == {"cpu", "memory"}
    assert one("StatefulSet")["spec"]["replicas"] == 1
    assert one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1, "a budget that one pod can never meet would keep its node for ever"


class Mounted:
    """What the pod would see under its mount paths, below a folder of the test; paths and ports in the service file follow."""

    def __init__(self, folder, tokens):
        self.folder = folder
        for mount in container()["volumeMounts"]:
            place = folder / mount["mountPath"].lstrip("/")
            place.mkdir(parents=True)
            [volume] = [volume for volume in pod()["volumes"] if volume["name"] == mount["name"]] or [{}]
            data = one("ConfigMap", volume["configMap"]["name"])["data"] if "configMap" in volume else {"tokens": tokens} if volume else {}
            for name, text in data.items():
                (place / name).write_text(re.sub(r"(?<=[ \[])/(?=var|etc|run)", f"{folder}/", text))
        _, _, self.file = container()["args"]
        self.service = yaml.safe_load((folder / self.file.lstrip("/")).read_text())
        self.said = {name: self.service["server"][name] for name in ("listen", "probe_listen")}

    def check(self):
        return subprocess.run([binary(), "check", self.folder / self.file.lstrip("/")], capture_output=True, text=True, check=False)


def test_the_service_file_is_right_and_the_token_must_be_changed(tmp_path):
    right = Mounted(tmp_path / "right", "admin 0123456789abcdef0123456789abcdef\n").check()
    assert right.returncode == 0, right
    assert "pipeline readings" in right.stdout
    wrong = Mounted(tmp_path / "wrong", one("Secret", "laketide-tokens")["stringData"]["tokens"]).check()
    assert wrong.returncode == 3 and "a token has 8 to 512 letters" in wrong.stdout + wrong.stderr, wrong


def test_the_probes_ask_what_the_configuration_listens_on(tmp_path):
    mounted = Mounted(tmp_path, "admin 0123456789abcdef0123456789abcdef\n")
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert mounted.said == {"listen": f"0.0.0.0:{ports['api']}", "probe_listen": f"0.0.0.0:{ports['probes']}"}
    assert pod()["terminationGracePeriodSeconds"] >= int(mounted.service["server"]["stop_deadline"].removesuffix("s")) + 10
    [volume] = [mount["mountPath"] for mount in container()["volumeMounts"] if mount["name"] == "data"]
    assert all(path.startswith(f"{tmp_path}{volume}/") for path in (mounted.service["state"]["dir"], mounted.service["lake"]["root"]))

    real = {"api": free_port(), "probes": free_port()}
    # From here on as the pod has it, on ports and with brokers of this machine. The stream waits for its brokers, as it should.
    service = {**mounted.service, "server": {**mounted.service["server"], "listen": f"0.0.0.0:{real['api']}", "probe_listen": f"0.0.0.0:{real['probes']}"},
               "kafka": {"brokers": "127.0.0.1:1"}}
    daemon = Daemon(service)
    daemon.port, daemon.url = real["probes"], f"http://127.0.0.1:{real['probes']}"
    with daemon:
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container()[name]["httpGet"]
            assert requests.get(f"http://127.0.0.1:{real[probe['port']]}{probe['path']}", timeout=5).status_code == 200, name
        api, token = f"http://127.0.0.1:{real['api']}/stream", {"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}
        assert requests.get(api, timeout=5).status_code == 401
        assert daemon.get("/metrics", expect=401)["code"] == "unauthorized" and daemon.get("/metrics", headers=token).startswith("#")
        known = requests.get(api, timeout=5, headers=token)
        assert [stream["pipeline"] for stream in known.json()["streams"]] == ["readings"], known.text
        assert daemon.terminate() == 0
