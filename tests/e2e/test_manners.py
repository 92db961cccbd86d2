"""The manners of the API where sockets, listeners, files and signals are real; one sentence of the contract a test."""
import json
import signal
import socket

import pytest
import requests

from daemon import free_port
from proven import Proven, started

READ, OPERATE, ADMIN = "read-token-0123456789", "operate-token-0123456789", "admin-token-0123456789"


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def with_tokens(kafka, text, **config):
    daemon = started(kafka, **config)
    daemon.tokens = daemon.directory / "tokens"
    daemon.tokens.write_text(text)
    daemon.config["server"]["token_file"] = str(daemon.tokens)
    return daemon


def hang_up(daemon):
    before = daemon.log.count("the files were read again")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for(lambda: daemon.log.count("the files were read again") > before, "the files to be read again")


def raw(port, request):
    """Everything that comes until the other side closes or has answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def head_of(answer):
    status, _, fields = answer.partition(b"\r\n\r\n")[0].partition(b"\r\n")
    return int(status.split()[1]), dict(line.split(b": ", 1) for line in fields.split(b"\r\n"))


@pytest.fixture(scope="module")
def plain(kafka):
    """One daemon without tokens for all that only asks."""
    with started(kafka) as daemon:
        yield daemon


def test_methods_are_told_and_head_is_like_get(plain):
    for path, allow in (("/stream", "GET, HEAD"), ("/stream/start", "POST"), ("/pipelines/x", "GET, HEAD, PUT, DELETE"), ("/pools/batch-pool", "GET, HEAD, PUT"),
                        ("/stream/x/pause", "POST"), ("/batch/cancel/x", "POST"), ("/stop", "POST")):
        for method in ("PATCH", "TRACE", "OPTIONS"):
            answer = plain.request(method, path)
            assert (answer.status_code, answer.headers["Allow"], answer.json()["code"]) == (405, allow, "method_not_allowed"), answer.text
    for path in ("/", "/health", "/ready", "/stream", "/pipelines", "/pools", "/batch", "/openapi.json", "/no/such"):
        get, head = plain.request("GET", path), plain.request("HEAD", path)
        assert head.content == b"" and head.status_code == get.status_code, path
        assert head.headers["Content-Length"] == str(len(get.content)) and head.headers["Content-Type"] == get.headers["Content-Type"], path


def test_one_trailing_slash_is_ignored_and_bodies_end_with_a_newline(plain):
    for link in plain.get("/")["links"]:
        if link["method"] != "GET" or "{" in link["path"]:
            continue
        one, two = plain.request("GET", link["path"]), plain.request("GET", link["path"].rstrip("/") + "/")
        assert one.status_code == two.status_code == 200, link
        assert one.text.endswith("\n") and two.text.endswith("\n"), link
        assert ("json" in one.headers["Content-Type"]) == (link["path"] != "/metrics"), link
    for path in ("/no/such", "/stream/none", "/stream?x=1"):
        answer = plain.request("GET", path)
        assert answer.text.endswith("\n") and answer.headers["Content-Type"] == "application/problem+json", path


def test_bodies_are_json_whatever_the_content_type_says(plain):
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "x"):
        answer = plain.request("POST", "/stream/stop", '{"mode":"drain"}', headers={"Content-Type": kind})
        assert answer.status_code == 200, answer.text
    for body in (None, "", "{}", " \n"):
        assert plain.request("POST", "/stream/stop", body).json() == {"streams": []}
    for body in ("[]", "null", "1", '"x"', "{", '{"mode":"drain"', "topic=events"):
        assert plain.request("POST", "/stream/start", body).json()["code"] == "bad_json", body


def test_problems_have_a_stable_code_a_detail_and_the_field_at_fault(plain):
    for method, path, body, status, code, field in (
            ("POST", "/stream/start", {"topik": "x"}, 400, "unknown_field", "topik"), ("POST", "/stream/start", {"topic": 1}, 400, "wrong_type", "topic"),
            ("POST", "/stream/start", {}, 400, "missing_field", "topic"), ("GET", "/stream?verbose=1", None, 400, "unknown_parameter", "verbose"),
            ("GET", "/batch?limit=0", None, 400, "bad_value", "limit"), ("GET", "/pipelines?after=a%20b", None, 400, "bad_value", "after"),
            ("GET", "/stream/none/epochs?before=x", None, 400, "bad_value", "before"), ("POST", "/stream/start", {"pipeline": "none"}, 404, "unknown_pipeline", "pipeline"),
            ("PUT", "/pipelines/x", {"name": "y", "source": {"kafka": {"topic": "t"}}, "sinks": [{"delta": {"path": "t"}}]}, 422, "name_mismatch", "name"),
            ("POST", "/stream/none/reset", {"start": "noon"}, 422, "bad_offsets", "start"), ("GET", "/batch/none", None, 404, "unknown_job", None),
            ("PUT", "/pools/batch-pool", {"weight": -1}, 422, "bad_pool", "weight")):
        answer = plain.request(method, path, body)
        problem = answer.json()
        assert (answer.status_code, problem["status"], problem["code"], problem["title"]) == (status, status, code, answer.reason), answer.text
        assert problem.get("field") == field or field is None, answer.text
        assert len(problem["detail"]) > 10 and problem["type"] == "about:blank", answer.text


def test_transfer_encoding_and_conflicting_lengths_end_the_connection(plain):
    base = b"POST /stream/stop HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for fields, status in ((b"Transfer-Encoding: chunked\r\n", 411), (b"Transfer-Encoding: identity\r\n", 411), (b"Content-Length: 2\r\nContent-Length: 3\r\n", 400),
                           (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400), (b"Content-Length: +2\r\n", 400)):
        answer = raw(plain.port, base + fields + b"\r\n{}\r\nGET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        got, head = head_of(answer)
        assert (got, head[b"Connection"], answer.count(b"HTTP/1.1 ")) == (status, b"close", 1), answer


def test_expect_100_is_answered_only_if_the_body_is_wanted(plain):
    def ask(head, body):
        with socket.create_connection(("127.0.0.1", plain.port), timeout=20) as connection:
            connection.sendall(head)
            first = connection.recv(65536)
            if first.startswith(b"HTTP/1.1 100"):
                connection.sendall(body)
                return first, connection.recv(65536)
            return first, b""
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    first, then = ask(head % b"/stream/stop", b"{}")
    assert first.startswith(b"HTTP/1.1 100 ") and then.startswith(b"HTTP/1.1 200 "), (first, then)
    assert ask(head % b"/no/such", b"{}")[0].startswith(b"HTTP/1.1 404 "), "the body is not asked for"
    assert ask((head % b"/stream/stop").replace(b"100-continue", b"tea"), b"{}")[0].startswith(b"HTTP/1.1 417 ")


def test_foreign_pages_and_hosts_are_refused(plain):
    for headers, code in (({"Origin": "https://evil.example"}, "foreign_origin"), ({"Origin": "null"}, "foreign_origin"),
                          ({"Sec-Fetch-Site": "cross-site"}, "foreign_origin"), ({"Host": "evil.example"}, "foreign_host"),
                          ({"Host": f"127.0.0.1.evil.example:{plain.port}"}, "foreign_host")):
        answer = plain.request("POST", "/stream/stop", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, code), headers
    for headers in ({"Origin": plain.url, "Sec-Fetch-Site": "same-origin"}, {"Host": f"localhost:{plain.port}"}, {"Host": f"[::1]:{plain.port}"}):
        assert plain.request("POST", "/stream/stop", headers=headers).status_code == 200, headers


def test_sizes_have_their_own_answers(plain):
    assert plain.request("GET", "/" + "a" * 3000).status_code == 414
    assert plain.request("GET", "/stream", headers={"X": "y" * 9000}).status_code == 431
    assert plain.request("GET", "/stream", headers={f"X-{i}": "y" for i in range(70)}).status_code == 431
    assert plain.request("POST", "/stream/stop", b" " * (1 << 20)).status_code == 200
    answer = raw(plain.port, b"POST /stream/stop HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % ((1 << 20) + 1))
    assert head_of(answer)[0] == 413 and b"body_too_large" in answer


def test_tokens_have_scopes(kafka):
    with with_tokens(kafka, f"# ours\nread {READ}\noperate {OPERATE}\n\nadmin {ADMIN}\n") as daemon:
        assert requests.get(daemon.url + "/health", timeout=20).status_code == requests.get(daemon.url + "/ready", timeout=20).status_code == 200, "no token needed"
        for token, expected in ((None, (401, 401, 401, 401)), ("wrong-token-0123456789", (401, 401, 401, 401)), (READ[:-1], (401, 401, 401, 401)), (READ, (200, 403, 403, 403)),
                                (OPERATE, (200, 200, 404, 403)), (ADMIN, (200, 200, 404, 200))):
            options = bearer(token) if token else {}
            answers = [daemon.request("GET", "/stream", **options), daemon.request("POST", "/stream/stop", **options), daemon.request("DELETE", "/pipelines/none", **options),
                       daemon.request("PUT", "/pools/batch-pool", {"weight": 1}, **options)]
            assert tuple(answer.status_code for answer in answers) == expected, token
            for answer in answers:
                if answer.status_code == 401:
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer") and answer.json()["code"] == "unauthorized"
                if answer.status_code == 403:
                    assert answer.json()["code"] == "forbidden" and "scope" in answer.json()["detail"]
        assert daemon.request("GET", "/no/such").status_code == 401, "without a token not even the paths are told"
        assert daemon.request("GET", "/stream", headers={"Authorization": f"Basic {READ}"}).status_code == 401
        assert daemon.request("GET", "/stream", headers={"Authorization": f"bearer {READ}", "Host": "a.name.of.ours"}).status_code == 200, "with tokens any host is ours"
        shown = "".join(daemon.request("GET", path, **bearer(ADMIN)).text for path in ("/", "/stream", "/pipelines", "/metrics", "/openapi.json"))
        assert not any(token in shown + daemon.log for token in (READ, OPERATE, ADMIN))


def test_the_token_file_is_read_again_on_sighup(kafka):
    with with_tokens(kafka, f"admin {ADMIN}\n") as daemon:
        assert daemon.request("GET", "/stream", **bearer(READ)).status_code == 401
        daemon.tokens.write_text(f"read {READ}\n")
        assert daemon.request("GET", "/stream", **bearer(READ)).status_code == 401, "not before"
        hang_up(daemon)
        assert daemon.request("GET", "/stream", **bearer(READ)).status_code == 200
        assert daemon.request("GET", "/stream", **bearer(ADMIN)).status_code == 401, "a token that is gone is refused at once"
        for broken in ("", "root 0123456789\n", "read short\n", f"read {ADMIN} more\n"):
            daemon.tokens.write_text(broken)
            hang_up(daemon)
            assert daemon.request("GET", "/stream", **bearer(READ)).status_code == 200, "a file that is wrong changes nothing"
        assert daemon.log.count("the tokens stay as they were") == 4 and ADMIN not in daemon.log and READ not in daemon.log
        daemon.tokens.unlink()
        hang_up(daemon)
        assert daemon.request("GET", "/stream").status_code == 401, "a file that is gone opens nothing"


def test_a_refused_start_prints_both_ways_out(kafka):
    daemon = started(kafka, server={"listen": f"0.0.0.0:{free_port()}"})
    daemon.start(wait=False)
    assert daemon.wait_exit(20) == 3
    assert "server.token_file" in daemon.log and "server.allow_unauthenticated: true" in daemon.log, daemon.log
    # And each of them is one.
    daemon.config["server"]["allow_unauthenticated"] = True
    port = int(daemon.config["server"]["listen"].rsplit(":", 1)[1])
    daemon.port, daemon.url = port, f"http://127.0.0.1:{port}"
    with daemon:
        assert daemon.request("GET", "/stream").status_code == 200
        assert daemon.terminate() == 0
    tokens = daemon.directory / "tokens"
    tokens.write_text(f"admin {ADMIN}\n")
    del daemon.config["server"]["allow_unauthenticated"]
    daemon.config["server"]["token_file"] = str(tokens)
    with daemon:
        assert daemon.request("GET", "/stream").status_code == 401
        assert daemon.request("GET", "/stream", **bearer(ADMIN)).status_code == 200
        assert daemon.terminate() == 0


def test_the_probe_listener_serves_probes_only(kafka):
    port = free_port()
    with with_tokens(kafka, f"read {READ}\nadmin {ADMIN}\n", server={"probe_listen": f"0.0.0.0:{port}"}) as daemon:
        def probe(path, method="GET", **options):
            return requests.request(method, f"http://127.0.0.1:{port}{path}", timeout=20, **options)
        assert probe("/health").json() == {"status": "ok"} and probe("/ready").json() == {"status": "ready"}
        assert probe("/metrics").status_code == 401 and probe("/metrics", **bearer(READ)).status_code == 200
        for path, method in (("/stream", "GET"), ("/stop", "POST"), ("/", "GET"), ("/openapi.json", "GET")):
            assert probe(path, method, **bearer(ADMIN)).status_code == 404, path
        assert daemon.running and daemon.ready()


def test_slots_are_kept_for_probes_when_all_connections_are_taken(kafka):
    with started(kafka) as daemon:
        taken = []
        try:
            # Slow heads hold their places for five seconds each; the last of them finds the house full.
            for _ in range(256):
                connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
                connection.sendall(b"GET /stream HTTP/1.1\r\n")
                taken.append(connection)
            assert requests.get(daemon.url + "/health", timeout=20).status_code == 200
            refused = requests.get(daemon.url + "/stream", timeout=20)
            if refused.status_code != 200:  # a slow machine may have closed the first of them by now
                assert (refused.status_code, refused.json()["code"]) == (503, "busy") and int(refused.headers["Retry-After"]) >= 1, refused.text
        finally:
            for connection in taken:
                connection.close()
        daemon.wait_for(lambda: requests.get(daemon.url + "/stream", timeout=20).status_code == 200, "places to be free again", 20)


def test_429_and_503_say_when_to_come_again(kafka):
    stream = Proven(kafka, "crowd", 1)
    stream.produce(1100)
    with started(kafka, batch_defaults={"max_running": 1, "max_queued": 1, "attempts": 100}) as daemon:
        # A job whose range is not there yet cannot be had: one runs against a broker that is away, one waits, the third is refused.
        document = {"name": "away", "source": {"kafka": {"topic": "crowd", "brokers": "127.0.0.1:9"}, "format": {"json": {}}}, "sinks": [{"delta": {"path": "away"}}]}
        answers = [daemon.request("POST", "/batch/run", document) for _ in range(4)]
        refused = answers[-1]
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full") and int(refused.headers["Retry-After"]) >= 1, refused.text
        for answer in answers:
            if answer.status_code == 202:
                assert answer.headers["Location"] == answer.json()["statusUrl"]
                daemon.request("POST", f"/batch/cancel/{answer.json()['jobId']}")
        daemon.post("/stop", expect=202)
        try:
            late = daemon.request("POST", "/stream/start", {"topic": "crowd"}, timeout=10)
            assert (late.status_code, late.json()["code"]) == (503, "stopping") and int(late.headers["Retry-After"]) >= 1, late.text
        except requests.ConnectionError:
            pass  # it has ended already
        assert daemon.wait_exit(40) == 0


def test_lists_come_in_pages(kafka):
    stream = Proven(kafka, "paged", 1)
    with started(kafka, stream_defaults={"epoch": "50ms"}) as daemon:
        stream.begin(daemon)
        for upto in range(1010, 1060, 10):
            stream.produce(upto)
            stream.wait_caught_up(daemon)
        daemon.post("/stream/stop")
        whole = daemon.get("/stream/paged/epochs?limit=1000")
        assert whole["next"] is None and len(whole["epochs"]) >= 5
        pages, query = [], "?limit=2"
        while query:
            page = daemon.get("/stream/paged/epochs" + query)
            assert 1 <= len(page["epochs"]) <= 2
            pages += page["epochs"]
            query = f"?limit=2&before={page['next']}" if page["next"] is not None else None
        assert pages == whole["epochs"]
        jobs = [daemon.request("POST", "/batch/run?wait=60s", {"topic": "paged", "endOffset": {"0": 1 + i}, "startOffset": {"0": 0}}).json()["jobId"] for i in range(5)]
        found, query = [], "?limit=2"
        while query:
            page = daemon.get("/batch" + query)
            found += [job["jobId"] for job in page["jobs"]]
            query = f"?limit=2&before={page['next']}" if page["next"] else None
        assert found == jobs[::-1], "newest first"
        document = {"source": {"kafka": {"topic": "paged"}, "format": {"json": {}}}, "sinks": [{"console": {"rows": 1}}]}
        names = [f"p{i}" for i in range(5)]
        for name in names:
            assert daemon.request("PUT", f"/pipelines/{name}", document).status_code == 201
        found, query = [], "?limit=2"
        while query:
            page = daemon.get("/pipelines" + query)
            found += [pipeline["name"] for pipeline in page["pipelines"]]
            query = f"?limit=2&after={page['next']}" if page["next"] else None
        assert found == sorted([*names, "paged"])
        assert json.loads(daemon.request("GET", "/pipelines?limit=1001").text)["code"] == "bad_value"
