"""A thousand malformed requests at the real door while a stream runs: each is answered or closed, and nothing else happens."""
import random
import socket
import time

from proven import Proven, started

GOOD = b"POST /stream/stop HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
HEADERS = [
    b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: -1",
    b"Content-Length: 99999999999999999999", b"Content-Length: 0x10", b"Host: evil.example", b"Host: a\r\nHost: b", b"Origin: http://evil.example",
    b"Sec-Fetch-Site: cross-site", b"Expect: 200-ok", b"X: " + b"y" * 9000, b" folded: line", b"no colon here", b"Bad\x00Name: v",
    b"Upgrade: websocket\r\nConnection: upgrade",
]
BODIES = [b"", b"{", b"[]", b"null", b'{"topic":1}', b'{"topic":"a","pipeline":"b"}', b'{"unknown":1}', b"\xff\xfe", b"[" * 2000, b'{"a":' * 500,
          b'{"document":{"name":"../../etc"}}']
PATHS = [b"/stream/start", b"/stream/stop", b"/stream/%00", b"/stream/../../etc/passwd", b"/" + b"a" * 3000, b"/stream?x=1", b"*", b"http://evil/stop", b"//",
         b"/stop?now"]
METHODS = [b"GET", b"POST", b"PUT", b"TRACE", b"CONNECT", b"BREW", b"", b"G\x00T", b"GET" * 100]


def malformed(draw):
    """One request that no user means; what it is follows from the random generator alone."""
    if draw.random() < 0.1:
        return bytes(draw.randrange(256) for _ in range(draw.randrange(1, 400)))
    body = draw.choice(BODIES)
    path = draw.choice(PATHS)
    method = draw.choice(METHODS)
    if path == b"/stream/stop" and method == b"POST" and body in (b"", b"null"):
        body = b"{"  # else it would be a well-formed wish to stop
    lines = [method + b" " + path + b" " + draw.choice([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/9.9", b"HTTP/1.1 x", b""]), b"Host: 127.0.0.1"]
    lines += draw.sample(HEADERS, draw.randrange(0, 3))
    if draw.random() < 0.8:
        lines.append(b"Content-Length: %d" % (len(body) + draw.choice([0, 0, 0, -1, 7])))
    request = b"\r\n".join(lines) + b"\r\n\r\n" + body
    return request[: draw.randrange(1, len(request))] if draw.random() < 0.2 else request


def exchange(port, request):
    """What came back: the bytes, b"" if the server only closed. The client says that it is done, as one that was cut off would."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer
        except (ConnectionResetError, BrokenPipeError):
            return b""


def test_a_thousand_malformed_requests_change_nothing(kafka):
    stream = Proven(kafka, "besieged", 1)
    stream.produce(1200)
    draw = random.Random(20261121)
    with started(kafka) as daemon:
        stream.begin(daemon)
        stream.wait_caught_up(daemon)
        statuses = {}
        for _ in range(1000):
            request = malformed(draw)
            answer = exchange(daemon.port, request)
            status = answer.split(b" ", 2)[1] if answer.startswith(b"HTTP/1.") else b"closed" if not answer else b"garbage"
            statuses[status] = statuses.get(status, 0) + 1
            assert status == b"closed" or (status.isdigit() and (status[:1] in b"24" or status == b"505") and status != b"202"), (request[:300], answer[:300])
        assert daemon.healthy() and daemon.running
        assert daemon.stream("besieged")["state"] == "RUNNING", "no request stopped it"
        stream.produce(1500)
        stream.wait_caught_up(daemon)
        print(statuses)
        assert daemon.terminate() == 0
        stream.assert_exact(daemon)


def test_health_answers_soon_after_the_start(kafka):
    times = []
    daemon = started(kafka)
    for _ in range(5):
        began = time.monotonic()
        daemon.start(wait=False)
        daemon.wait_for(daemon.healthy, "/health", 5)
        times.append(time.monotonic() - began)
        daemon.kill()
    print([f"{one:.3f} s" for one in times])
    assert sorted(times)[len(times) // 2] <= 0.3, times


def test_a_second_process_on_the_state_directory_and_a_taken_port_are_refused(kafka):
    with started(kafka) as daemon:
        other = started(kafka, state={"dir": str(daemon.state)})
        other.start(wait=False)
        assert other.wait_exit(10) == 3
        assert "state_dir_in_use" in other.log or "another laketide process" in other.log
        rival = started(kafka, server={"listen": f"127.0.0.1:{daemon.port}"})
        rival.start(wait=False)
        assert rival.wait_exit(10) == 3
        assert str(daemon.port) in rival.log
