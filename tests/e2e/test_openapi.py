"""The description of the API against the API: schemathesis sends what it allows and what it forbids, and believes no answer."""
import json
import subprocess
import sys
from pathlib import Path

from proven import Proven, started

TOKEN = "an-admin-token-for-the-description"
EXAMPLES = 20  # of each operation and phase
SECONDS = 280
# What a schema cannot say of a pipeline's document or a query is 422. A failed job is 500 where that is asked for, and nothing else is.
# No wait is longer than a second: a pool may have been given no share by then.
CONFIG = f"""
workers = 1
continue-on-failure = true
request-timeout = 60
[output.truncation]
enabled = false
[generation]
max-examples = {EXAMPLES}
deterministic = true
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "5xx"]
[[operations]]
include-operation-id = ["jobStatus", "runBatch"]
[operations.checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", "500"]
[[operations]]
include-operation-id = "runBatch"
parameters = {{ "query.wait" = "1s" }}
"""


def schemathesis(daemon, directory):
    config = directory / "schemathesis.toml"
    config.write_text(CONFIG)
    program = Path(sys.executable).parent / "schemathesis"
    # A call that would end the service is left out.
    return subprocess.run([program, "--config-file", str(config), "run", f"{daemon.url}/openapi.json", "--exclude-operation-id", "stop", "--no-color",
                           "-H", f"Authorization: Bearer {TOKEN}"], cwd=directory, capture_output=True, text=True, timeout=SECONDS)


def test_schemathesis_finds_nothing_but_the_documented_500(kafka, tmp_path):
    stream = Proven(kafka, "events", 1)
    stream.produce(1100)
    daemon = started(kafka)
    tokens = daemon.directory / "tokens"
    tokens.write_text(f"admin {TOKEN}\n")
    daemon.config["server"]["token_file"] = str(tokens)
    admin = {"headers": {"Authorization": f"Bearer {TOKEN}"}}
    with daemon:
        daemon.post("/stream/start", {"topic": "events"}, **admin)
        found = schemathesis(daemon, tmp_path)
        assert found.returncode == 0, found.stdout + found.stderr
        assert "Tested: 26" in found.stdout, f"every operation but stop:\n{found.stdout[-2000:]}"
        print(found.stdout[-1500:])
        assert daemon.healthy() and daemon.ready()
        assert daemon.terminate() == 0


def test_every_operation_is_described_whole(kafka):
    with started(kafka) as daemon:
        document = daemon.get("/openapi.json")
        assert document["openapi"] == "3.1.0"
        served = {(link["method"], link["path"]) for link in daemon.get("/")["links"]}
        described = {(method.upper(), path): operation for path, methods in document["paths"].items() for method, operation in methods.items()}
        assert described.keys() == served
        schemas = document["components"]["schemas"]
        for (method, path), operation in described.items():
            where = f"{method} {path}"
            assert operation["operationId"] and operation["summary"], where
            assert {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"} == \
                {part[1:-1] for part in path.split("/") if part.startswith("{")}, where
            assert any(status.startswith("2") for status in operation["responses"]) and "default" in operation["responses"], where
            assert ({"token": []} in operation["security"]) == (operation["x-scope"] != "none"), where
            if "requestBody" not in operation:
                assert method in ("GET", "DELETE"), where
                continue
            content = operation["requestBody"]["content"]["application/json"]
            schema = schemas[content["schema"]["$ref"].rsplit("/", 1)[1]]
            takes_something = "oneOf" in schema or bool(schema["properties"])
            assert takes_something == ("examples" in content), f"{where}: an example of every body"
        # What the examples say is what the service takes.
        kafka.create_topic("sensor-events", 1)
        example = described["PUT", "/pipelines/{name}"]["requestBody"]["content"]["application/json"]["examples"]["PipelineRequest"]["value"]
        assert daemon.request("PUT", "/pipelines/sensor", example).status_code == 201
        assert json.loads(daemon.request("POST", "/pipelines/sensor/plan", example).text)["change"] == "unchanged"
