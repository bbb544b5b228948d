"""Connections that wait together on one thread, and where an answer on one of them ends."""

from __future__ import annotations

import gc
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from http.client import BadStatusLine, HTTPException, HTTPResponse
from io import BytesIO
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.exchanges import Request, exchange
from aggregator.guard import Limits
from aggregator.lines import HELPERS, MANY, READ, WRITE, Lines, elsewhere, turn

SOON = 5.0  # seconds, by which everything has long happened


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    yield lines
    lines.close()


def soon() -> float:
    return time.monotonic() + SOON


async def heard(line: socket.socket, until: float) -> bytes:
    """What somebody says to a task that waits for it."""
    await turn(line, READ, until)
    return line.recv(100)


async def patient(line: socket.socket, until: float) -> str:
    try:
        return (await heard(line, until)).decode()
    except TimeoutError:
        return "nothing"


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_hundreds_wait_at_once_on_one_thread(lines: Lines) -> None:
    with ExitStack() as stack:
        pairs = [tuple(map(stack.enter_context, socket.socketpair())) for _ in range(300)]
        before = set(threading.enumerate())
        waiting = [lines.begin(heard(ear, soon())) for ear, _ in pairs]
        assert sum(one.name == "lines" for one in set(threading.enumerate()) - before) == 1
        for number, (_, mouth) in reversed(list(enumerate(pairs))):
            mouth.send(b"%d" % number)
        assert [int(one.result(SOON)) for one in waiting] == list(range(300))


def test_a_wait_may_be_longer_than_the_kernel_counts(lines: Lines) -> None:
    ear, mouth = socket.socketpair()
    with ear, mouth:
        waiting = lines.begin(heard(ear, time.monotonic() + 30 * 86_400))
        time.sleep(0.05)
        mouth.send(b"at last")
        assert waiting.result(SOON) == b"at last"


def test_whoever_waits_hears_what_the_thread_died_of() -> None:
    lines = Lines()
    results = lines.results()
    ear, mouth = socket.socketpair()
    with ear, mouth:
        waiting = [lines.begin(elsewhere_heard(SOON)), lines.begin(heard(ear, soon()))]
        waiting.append(lines.begin(heard(ear, soon())))  # of one socket nobody can tell whom it is for
        for one in waiting:
            one.add_done_callback(results.put)
        lines.ring()
        for one in (*waiting, lines.begin(heard(ear, soon()))):
            with pytest.raises(KeyError):
                one.result(SOON)
        assert {results.get(SOON) for _ in waiting} == set(waiting)
    lines.end()
    with pytest.raises(KeyError):
        lines.begin(heard(ear, soon())).result(SOON)
    lines.close()


async def elsewhere_heard(seconds: float) -> None:
    await elsewhere(lambda: time.sleep(seconds / 10), time.monotonic() + seconds)


def test_a_wait_ends_when_its_time_is_up_and_no_other_with_it(lines: Lines) -> None:
    ear, mouth = socket.socketpair()
    with ear, mouth:
        other, silent = socket.socketpair()
        with other, silent:
            short = lines.begin(patient(other, time.monotonic() + 0.05))
            long = lines.begin(patient(ear, soon()))
            assert short.result(SOON) == "nothing"
            assert not long.done()
            mouth.send(b"at last")
            assert long.result(SOON) == "at last"


def test_what_came_in_time_is_not_late_though_the_thread_was_busy(lines: Lines) -> None:
    async def busy() -> None:
        time.sleep(0.3)

    ear, mouth = socket.socketpair()
    other, silent = socket.socketpair()
    with ear, mouth, other, silent:
        told, nothing = (lines.begin(patient(one, time.monotonic() + 0.1)) for one in (ear, other))
        hog = lines.begin(busy())
        mouth.send(b"in time")
        assert (told.result(SOON), nothing.result(SOON), hog.result(SOON)) == ("in time", "nothing", None)


def test_what_blocks_is_done_elsewhere_and_left_behind_when_time_is_up(lines: Lines) -> None:
    held = threading.Event()

    async def asked(until: float) -> str:
        try:
            return str(await elsewhere(lambda: held.wait(SOON), until))
        except TimeoutError:
            return "left behind"

    async def failing() -> None:
        await elsewhere(lambda: int("no number"), soon())

    late, patient_one = lines.begin(asked(time.monotonic() + 0.05)), lines.begin(asked(soon()))
    assert late.result(SOON) == "left behind"
    held.set()
    assert patient_one.result(SOON) == "True"
    with pytest.raises(ValueError, match="no number"):
        lines.begin(failing()).result(SOON)


def test_what_blocks_shares_a_few_threads_which_end_with_the_lines() -> None:
    before, lines, let_go = set(threading.enumerate()), Lines(), threading.Event()

    def helpers() -> int:
        return sum(one.name == "elsewhere" for one in set(threading.enumerate()) - before)

    def come_to(number: int) -> bool:
        late = soon()
        while helpers() != number and time.monotonic() < late:
            time.sleep(0.001)
        return helpers() == number

    async def held() -> str:
        return str(await elsewhere(lambda: let_go.wait(SOON) and threading.current_thread().name, soon()))

    waiting = [lines.begin(held()) for _ in range(3 * HELPERS)]
    assert come_to(HELPERS)
    time.sleep(0.05)
    assert helpers() == HELPERS, "and no more"
    let_go.set()
    assert {one.result(SOON) for one in waiting} == {"elsewhere"}
    assert lines.begin(held()).result(SOON) == "elsewhere"
    assert helpers() == HELPERS, "it finds a thread that has nothing to do"
    lines.close()
    assert come_to(0)


def test_what_waits_for_a_thread_is_left_behind_when_its_time_is_up(lines: Lines) -> None:
    let_go, done = threading.Event(), []

    async def asked(until: float, name: str) -> str:
        try:
            await elsewhere(lambda: (let_go.wait(SOON), done.append(name)), until)
        except TimeoutError:
            return "left behind"
        return "done"

    holding = [lines.begin(asked(soon(), "held")) for _ in range(HELPERS)]
    assert lines.begin(asked(time.monotonic() + 0.05, "late")).result(SOON) == "left behind"
    in_time = lines.begin(asked(soon(), "in time"))
    let_go.set()
    assert {one.result(SOON) for one in (*holding, in_time)} == {"done"}
    assert sorted(set(done)) == ["held", "in time"], "and nobody does it any more"


def test_nothing_is_kept_of_what_is_done_though_one_that_began_earlier_still_waits(lines: Lines) -> None:
    class Body:
        """What somebody sent."""

    async def sending(line: socket.socket) -> Body:
        await heard(line, soon())
        return Body()

    ear, mouth = socket.socketpair()
    other, silent = socket.socketpair()
    with ear, mouth, other, silent:
        lines.begin(patient(other, time.monotonic() + SOON / 2))
        sent = lines.begin(sending(ear))
        mouth.send(b"x")
        body = weakref.ref(sent.result(SOON))
        del sent
        lines.begin(said("the thread is elsewhere by now")).result(SOON)
        gc.collect()
        assert body() is None


ENDS = [
    ("end", "somebody wants to stop: what is under way ends, and what is begun from then on"),
    ("close", "the thread is gone: what is begun then ends where it would wait"),
]


@pytest.mark.parametrize(("way", "why"), ENDS, ids=[row[0] for row in ENDS])
def test_an_end_reaches_all_tasks(lines: Lines, way: str, why: str) -> None:
    ear, mouth = socket.socketpair()
    with ear, mouth:
        waiting = lines.begin(patient(ear, soon()))
        getattr(lines, way)()
        assert waiting.result(SOON) == "nothing", why
        assert lines.begin(patient(ear, soon())).result(SOON) == "nothing", why
        asked = lines.begin(elsewhere_or_nothing())
        assert asked.result(SOON) == "nothing", why


async def elsewhere_or_nothing() -> str:
    try:
        return await elsewhere(lambda: "something", soon())
    except TimeoutError:
        return "nothing"


def test_lines_that_nobody_used_are_closed_without_a_thread() -> None:
    before = set(threading.enumerate())
    Lines().close()
    assert "lines" not in {one.name for one in set(threading.enumerate()) - before}


# --- sockets that change ----------------------------------------------------------------------------------------------


def test_a_task_is_woken_on_a_new_line_that_has_the_number_of_the_one_it_closed(lines: Lines) -> None:
    ours, theirs = socket.socketpair()
    others: list[socket.socket] = []

    async def moving() -> tuple[bytes, bytes, bool]:
        with ours:
            first, number = await heard(ours, soon()), ours.fileno()
        again, mouth = socket.socketpair()
        others.append(mouth)
        with again:
            return first, await heard(again, soon()), number in (again.fileno(), mouth.fileno())

    with theirs:
        moved = lines.begin(moving())
        theirs.send(b"one")
        late = soon()
        while not others and time.monotonic() < late:
            time.sleep(0.001)
        others[0].send(b"two")
        assert moved.result(SOON) == (b"one", b"two", True)
        others[0].close()


def test_a_task_waits_on_one_line_for_this_and_for_that(lines: Lines) -> None:
    async def talking(line: socket.socket) -> list[bytes]:
        said = []
        for word in (b"a", b"b", b"c"):
            await turn(line, WRITE, soon())
            line.send(word)
            said.append(await heard(line, soon()))
        return said

    ours, theirs = socket.socketpair()
    with ours, theirs:
        told = lines.begin(talking(ours))
        for _ in range(3):
            theirs.send(theirs.recv(1).upper())
        assert told.result(SOON) == [b"A", b"B", b"C"]


def test_what_is_ready_while_its_task_is_ended_changes_nothing(lines: Lines) -> None:
    pairs = [socket.socketpair() for _ in range(20)]

    async def busy() -> None:
        for _, mouth in pairs:
            mouth.send(b"x")
        lines.end()

    with ExitStack() as stack:
        for one, other in pairs:
            stack.enter_context(one)
            stack.enter_context(other)
        waiting = [lines.begin(patient(one, soon())) for one, _ in pairs]
        lines.begin(busy()).result(SOON)
        assert {one.result(SOON) for one in waiting} <= {"nothing", "x"}


# --- results ----------------------------------------------------------------------------------------------------------


async def said(word: str) -> str:
    return word


def test_results_come_all_and_in_their_order(lines: Lines) -> None:
    results = lines.results()
    for number in range(3 * MANY + 7):
        lines.begin(said(str(number))).add_done_callback(lambda one: results.put(one.result()))
    assert [results.get(timeout=SOON) for _ in range(3 * MANY + 7)] == [str(n) for n in range(3 * MANY + 7)]
    with pytest.raises(Empty):
        results.get(timeout=0.01)


def test_a_single_result_does_not_wait_for_others(lines: Lines) -> None:
    ear, mouth = socket.socketpair()
    with ear, mouth:
        results = lines.results()
        lines.begin(heard(ear, soon())).add_done_callback(results.put)
        mouth.send(b"alone")
        begun = time.monotonic()
        assert results.get(timeout=SOON).result() == b"alone"
        assert time.monotonic() - begun < SOON / 5


def test_what_another_thread_puts_is_there_at_once(lines: Lines) -> None:
    results = lines.results()
    threading.Thread(target=results.put, args=["from elsewhere"]).start()
    assert results.get(timeout=SOON) == "from elsewhere"


def test_who_waits_for_results_has_what_it_began_begin_and_others_need_not_wait_for_that(lines: Lines) -> None:
    begun = threading.Event()

    async def beginning() -> None:
        begun.set()

    results = lines.results()
    lines.begin(said("the thread is at work")).add_done_callback(results.put)
    results.get(timeout=SOON)
    mine = lines.begin(beginning())
    assert not begun.wait(0.05), "it would wake the thread for each of hundreds"
    with pytest.raises(Empty):
        results.get(timeout=0.05)
    assert begun.is_set()
    assert mine.done()
    others: SimpleQueue[Future[str]] = SimpleQueue()
    threading.Thread(target=lambda: others.put(lines.begin(said("at once")))).start()
    assert others.get(timeout=SOON).result(SOON) == "at once"


def test_an_end_is_a_result_too(lines: Lines) -> None:
    ear, mouth = socket.socketpair()
    with ear, mouth:
        results = lines.results()
        lines.begin(patient(ear, soon())).add_done_callback(results.put)
        with pytest.raises(Empty):
            results.get(timeout=0.01)
        lines.end()
        assert results.get(timeout=SOON).result() == "nothing"


# --- where an answer ends ---------------------------------------------------------------------------------------------


def given_to(lines: Lines, pieces: Sequence[bytes], *, cap: int = 1000, ends: bool = False, pause: float = 0) -> Any:
    """The answer of a server that sends these pieces, and keeps the connection open unless it `ends` it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        limits = Limits(deadline=soon(), wire_bytes=1_000_000, allow_private=True)
        request = Request("http", "127.0.0.1", port, "/", {})
        asked: Future[Any] = lines.begin(exchange(request, limits, None, cap))
        line, _ = server.accept()
        with line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.recv(65536)
            with suppress(BrokenPipeError, ConnectionResetError):  # who has enough leaves
                for piece in pieces:
                    line.sendall(piece)
                    time.sleep(pause)
                if ends:
                    line.shutdown(socket.SHUT_WR)
            return asked.result(SOON + 1)


HEAD = b"HTTP/1.1 200 OK\r\nX: y\r\n"
FRAMES = [
    (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello", "as long as it says"),
    (HEAD + b"Content-Length: 5\r\n\r\nhello, and more", b"hello", "what comes behind is not of it"),
    (HEAD + b"Content-Length: 0\r\n\r\n", b"", "empty"),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello", "in chunks"),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\nZ: z\r\n\r\n", b"hello",
     "with something behind the sizes, and trailers"),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", b"0\r\n\r\n0\r",
     "what looks like the last chunk stands in a chunk"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nok",
     b"ok", "after heads that say that another follows"),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + HEAD
     + b"Content-Length: 2\r\n\r\nok", b"ok", "whatever these tell beforehand"),
    (HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\nok", b"ok", "lines that end as on Unix"),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", b"", "has no body, whatever it says"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n", b"", "no document: its body is not waited for"),
    (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 500\r\n\r\n", b"", "nor that of a redirect"),
    (HEAD + b"Content-Length: 5000\r\n\r\n", b"", "more than is wanted: nothing of it is waited for"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "body", "why"), FRAMES, ids=[row[-1] for row in FRAMES])
def test_an_answer_is_there_as_soon_as_it_is_complete(lines: Lines, sent: bytes, body: bytes, why: str) -> None:
    begun = time.monotonic()
    response = given_to(lines, [sent])
    try:
        read = response.read()
    except HTTPException:
        read = b""
    assert (read, time.monotonic() - begun < SOON / 2) == (body, True), why


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=st.sampled_from(FRAMES[:9]), cuts=st.sets(st.integers(1, 100), max_size=6))
def test_it_does_not_matter_how_an_answer_is_cut_on_its_way(lines: Lines, frame: Any, cuts: set[int]) -> None:
    sent, body, why = frame
    places = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    assert given_to(lines, [sent[begin:end] for begin, end in pairwise(places)], pause=0.001).read() == body, why


class Sent(BytesIO):
    """Bytes as the socket that `http.client` wants."""

    def makefile(self, _mode: str) -> Sent:
        return self


UNCHANGED = [
    ("HTTP/1.1 304 Not Modified", [], "nothing else"),
    ("HTTP/1.0 304", ['ETag: "a"'], "without words, in the older version"),
    ("HTTP/1.1 304 ", ['etag: W/"a:b"', "X-Empty:", "x-y:  z  "], "odd spaces, names in small letters"),
    ("HTTP/1.1 304 Not Modified", ["Cache-Control: max-age=1", "Cache-Control: no-cache"], "a name that comes twice"),
    ("HTTP/1.1 304 Not Modified", ["Content-Length: 7", "Transfer-Encoding: chunked"], "a body, which it has not"),
    ("HTTP/1.1 304 Not Modified", ["X-Folded: a", " b", "Y: c"], "a line that goes on"),
    ("HTTP/1.1 304 Not Modified", ["X-Name: d\xe9j\xe0\tvu", "Y: c"], "letters that are not ASCII"),
    ("HTTP/1.1 304 Not Modified", [f"X-{n}: y" for n in range(99)], "as many lines as may be"),
    ("HTTP/1.1 304 Not Modified", ["no colon here", "Y: c"], "a line that is none"),
]


@pytest.mark.parametrize(("status", "fields", "why"), UNCHANGED, ids=[row[-1] for row in UNCHANGED])
def test_that_nothing_changed_is_read_as_the_standard_library_reads_it(
    lines: Lines, status: str, fields: list[str], why: str
) -> None:
    sent = "\r\n".join([status, *fields, "", ""]).encode("latin-1")
    expected = HTTPResponse(Sent(sent))  # type: ignore[arg-type]  # makefile is all it asks for
    expected.begin()
    found = given_to(lines, [sent])
    assert (found.status, found.headers.items()) == (expected.status, expected.headers.items()), why
    assert found.read() == b""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True), st.text('ab \t:;,"=é/', max_size=9))))
def test_so_is_any_of_them(lines: Lines, fields: list[tuple[str, str]]) -> None:
    named = [f"{name}: {value}" for name, value in fields]
    test_that_nothing_changed_is_read_as_the_standard_library_reads_it(lines, "HTTP/1.1 304 Not Modified", named, "")


def test_a_body_without_a_length_ends_with_the_connection(lines: Lines) -> None:
    assert given_to(lines, [HEAD + b"\r\n", b"hello"], ends=True, pause=0.01).read() == b"hello"


NO_HTTP = [
    (b"SSH-2.0-OpenSSH_9.2\r\n", "another protocol, which waits for us to speak"),
    (b"\r\n\r\n", "nothing"),
    (b"HTTP/1.1 abc OK\r\n\r\n", "a status that is no number"),
]


@pytest.mark.parametrize(("sent", "why"), NO_HTTP, ids=[row[-1] for row in NO_HTTP])
def test_what_is_not_http_is_not_waited_for(lines: Lines, sent: bytes, why: str) -> None:
    begun = time.monotonic()
    with pytest.raises(BadStatusLine):
        given_to(lines, [sent])
    assert time.monotonic() - begun < SOON / 2, why
