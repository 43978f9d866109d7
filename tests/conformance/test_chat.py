"""chat under every model: one room for all, each line to everybody once and in order."""
import contextlib
import os
import re
import signal
import socket

from chatters import Crowd
from clients import connect, connect_to, receive_all
from framework import each_model, limit, long_only
from harness import Server, folder, until


def serve(model, workers, *options):
    """A pool of processes serves a client each, so it has to be as large as the crowd."""
    if model[0] == "process" and model[1] == "pool":
        options = ("--pool-max", 1000, *options)
    if model[0] == "thread" and model[1] == "pool":
        options = ("--pool-max", 20, *options)
    return Server("chat", *options, model=(*model, workers))


def hub_pid(server):
    return int(re.findall(r"hub \((\d+)\) started", server.log())[-1])


def workers_of(server):
    return [pid for pid in server.workers() if pid != hub_pid(server)]


def kill_a_worker(server, crowd):
    """Its clients end, and the others hear that they have left."""
    os.kill(workers_of(server)[0], signal.SIGKILL)
    server.wait_for_log("was killed by signal 9")

    # Whoever still answers is not one of those who are about to end.
    for one in crowd.living():
        one.say("/help")
    last = "* anything else is said to the room"
    crowd.until(lambda: all(one.has(last) for one in crowd.living()), "the others answer")

    def is_seen():
        left = {f"* {one.name} has left" for one in crowd.all if one.ended}
        return left and all(left <= set(one.lines) for one in crowd.living())
    crowd.until(is_seen, "the others hear that the clients of a killed worker have left")


@limit(120)
@each_model
def test_everybody_hears_everybody_once_and_in_order(model):
    with serve(model, 2) as server, Crowd() as crowd:
        crowd.enter(server.addresses, 60, "hall")
        crowd.everybody_speaks(0, 5)
        kill_a_worker(server, crowd)
        crowd.everybody_speaks(1, 5)
        crowd.close()


@long_only
@limit(900)
@each_model
def test_a_thousand_clients(model):
    with serve(model, 4) as server, Crowd() as crowd:
        crowd.enter(server.addresses, 1000, "hall")
        crowd.everybody_speaks(0, 1, 400)
        kill_a_worker(server, crowd)
        crowd.everybody_speaks(1, 1, 400)
        crowd.close()


def test_one_room_and_one_set_of_names_over_all_models():
    places = ["127.0.0.1:0,model=process", "127.0.0.1:0,model=process,spawn=each",
              "127.0.0.1:0,model=thread,spawn=each", "127.0.0.1:0,model=thread",
              "127.0.0.1:0,model=multiplex,workers=2"]
    with Server("chat", listen=places) as server, Crowd() as crowd:
        crowd.enter(server.addresses, 20, "hall")
        crowd.everybody_speaks(0, 3)
        one, other = crowd.all[0], crowd.all[1]
        one.say(f"/nick {other.name}")
        crowd.until(lambda: one.has(f"! {other.name} is taken: choose another name"), "taken")
        one.say(f"/msg {other.name} psst")
        crowd.until(lambda: other.has(f"-{one.name}- psst"), "a word to one alone")
        one.say("/who")
        crowd.until(lambda: any(line.startswith("* in hall: ") for line in one.lines), "/who")
        listed = next(line for line in one.lines if line.startswith("* in hall: "))
        assert set(listed.removeprefix("* in hall: ").split()) == {c.name for c in crowd.all}
        one.say("/leave")
        crowd.until(lambda: other.has(f"* {one.name} has left"), "leave")
        one.say("/join hall")
        one.say("/quit")
        # The hub hears of the end after the client itself; it frees the name with the place.
        crowd.until(lambda: other.lines.count(f"* {one.name} has left") == 2, "quit")
        crowd.until(lambda: one.ended, "the end")
        other.say(f"/nick {one.name}")
        crowd.until(lambda: other.has(f"* you are {one.name}"), "a name is free again")
        crowd.close()


@each_model
def test_bad_input_is_answered(model):
    answers = [(b"hello", "you are in no room"), (b"/join x", "say who you are first"),
               (b"/nick", "/nick NAME"), (b"/fly", "no such command"), (b"/nick a b", "/nick NAME"),
               (b"/msg nobody hi", "say who you are first"), (b"\x1b[2J", "control characters"),
               (b"\xff\xfe", "not UTF-8"), (b"/nick " + b"n" * 200, "too long for a name"),
               (b"/leave", "you are in no room"), (b"/who", "you are in no room"),
               (b"/nick crow", "you are crow"), (b"/msg nobody hi", "nobody is nobody here"),
               (b"/join " + b"r" * 200, "too long for a room"), (b"x" * 5000, "too long"),
               (b"/nick cr\xc2\xa0ow", "letters, digits"), (b"/nick cr\xd0\xbew", "one script")]
    with serve(model, 1) as server, connect(server) as client:
        with client.makefile("rb") as lines:
            assert b"welcome" in lines.readline()
            for line, answer in answers:
                client.sendall(line + b"\n")
                got = lines.readline().decode()
                assert answer in got, (line[:20], got)
                assert got.startswith("*" if answer == "you are crow" else "!")
            # The same in pieces, also when its end comes long after: told once, and skipped.
            for _ in range(40):
                client.sendall(b"y" * 500)
            assert b"that line is too long" in lines.readline()
            client.sendall(b"y" * 9000 + b"\n/leave\n")
            assert b"you are in no room" in lines.readline()


@each_model
def test_a_graceful_stop_says_goodbye(model):
    with serve(model, 2) as server, Crowd() as crowd:
        crowd.enter(server.addresses, 8, "hall")
        server.send(signal.SIGTERM)
        crowd.until(lambda: not crowd.living(), "all are let go")
        for one in crowd.all:
            assert one.has("* the server stops: goodbye"), one.lines
        assert server.wait() == 0
        server.check_nothing_left()
        ends = [line for line in server.log().splitlines() if " exited with code 0" in line]
        assert " hub (" in ends[-1], "the hub is the last to leave"


@each_model
def test_the_hub_may_die(model):
    with serve(model, 2) as server, Crowd() as crowd:
        crowd.enter(server.addresses, 10, "hall")
        dead = hub_pid(server)
        os.kill(dead, signal.SIGKILL)
        server.wait_for_log(f"hub ({dead}) was killed by signal 9")
        told = "! the hub was started again: messages may be missing"
        crowd.until(lambda: all(one.has(told) for one in crowd.all), "all are told")
        # Each has renewed its subscription when the hub says so: /who lists all.
        names = {one.name for one in crowd.all}

        def all_are_back():
            crowd.all[0].lines = []
            crowd.all[0].say("/who")
            crowd.until(lambda: any(x.startswith("* in") for x in crowd.all[0].lines), "/who")
            return set(crowd.all[0].lines[-1].removeprefix("* in hall:").split()) == names
        until(all_are_back, 20, "all are in the room again")
        for one in crowd.all:
            one.lines = []
        crowd.everybody_speaks(1, 5)
        crowd.close()


@limit(120)
@each_model
def test_who_reads_nothing_is_bounded_told_and_dropped(model):
    """Others get every line; the slow one gets a beginning, the count of what is missing, its end."""
    count, filler = 12000, "x" * 900
    options = ("--hub-publisher-wait", "50ms", "--hub-slow-for", "500ms", "--write-timeout", "2m",
               "--write-grace", "2m", "--idle-timeout", "2m", "--chat-rate", "0")
    with serve(model, 2, *options) as server, Crowd() as crowd:
        crowd.enter(server.addresses, 2, "hall")
        speaker, quick = crowd.all
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(60)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(b"/nick slow\n/join hall\n")
        crowd.until(lambda: quick.has("* slow is here"), "the slow one is in")
        heard = []

        def quick_has(wanted):
            heard.extend(int(line.split()[2]) for line in quick.lines if filler in line)
            quick.lines = [line for line in quick.lines if filler not in line]
            return len(heard) >= wanted
        for first in range(0, count, 100):  # never more than its queue holds
            speaker.say(*(f"0 {number} {filler}" for number in range(first, first + 100)))
            crowd.until(lambda: quick_has(first + 100), "the quick one hears")
        assert heard == list(range(count)) and not any(x.startswith("!") for x in quick.lines)
        crowd.until(lambda: quick.has("* slow has left"), "the slow one is dropped")
        got = receive_all(slow).decode().splitlines()
        slow.close()
        heard = [int(line.split()[2]) for line in got if filler in line]
        lost = [int(line.split()[1]) for line in got if "messages are missing here" in line]
        assert heard == list(range(len(heard))), "a gap that was not told"
        # What was said after it had been dropped is not counted: it was no longer in the room.
        assert len(lost) == 1 and len(heard) + lost[0] <= count, (len(heard), lost)
        assert "messages are missing here" in got[-2], got[-2][:80]
        assert got[-1] == "! you read too slowly: goodbye", got[-1][:80]
        crowd.close()


def receive_until(client, last):
    """Whole lines up to one that ends so."""
    got = b""
    while not got.endswith(last):
        part = client.recv(1 << 16)
        assert part, f"the end, behind {got}"
        got += part
    return got


def all_answers(server, sent, parts=1, at=0):
    """What a client hears that sends this, in so many parts, and finishes sending."""
    with connect_to(server.addresses[at]) as client:
        size = -(-len(sent) // parts)
        for number in range(parts):
            client.sendall(sent[number * size:(number + 1) * size])
        client.shutdown(socket.SHUT_WR)
        return receive_all(client).decode().splitlines()[1:]


@each_model
def test_who_finishes_sending_gets_the_answers_and_its_last_line_counts(model):
    with serve(model, 1) as server:
        for last in (b"/msg crow to myself", b"/msg crow to myself\n"):
            heard = all_answers(server, b"/nick crow\n/join nest\n/who\n" + last)
            assert heard == ["* you are crow", "* you are in nest", "* in nest: crow",
                             "-crow- to myself"], heard
        assert all_answers(server, b"/wh") == ["! there is no such command: /help lists them"]
        assert all_answers(server, b"") == []


@each_model
def test_a_room_that_is_asked_for_again_behind_its_refusal(model):
    with serve(model, 1) as server:
        heard = all_answers(server, b"/join r\n/nick a\n/join r\n/who\n")
        assert heard == ["! say who you are first: /nick NAME", "* you are a", "* you are in r",
                         "* in r: a"], heard
        heard = all_answers(server, b"/join r\n/join s\n/nick a\n/join r\n/join r\n/who\n")
        assert heard[-2:] == ["* you are in r", "* in r: a"], heard


@each_model
def test_who_is_silent_is_told_before_the_end(model):
    with serve(model, 1, "--idle-timeout", "300ms") as server, connect(server) as client:
        heard = receive_all(client).decode().splitlines()
        assert heard[-1] == "! nothing came from you for too long: goodbye", heard


def test_longer_messages_when_they_are_allowed():
    with Server("chat", "--max-message", "9k") as server:
        sent = b"/nick a\n/msg a " + b"x" * 9000 + b"\n/msg a " + b"y" * 9220 + b"\n"
        for parts in (1, 7):
            heard = all_answers(server, sent, parts)
            assert heard == ["* you are a", "-a- " + "x" * 9000,
                             "! that is too long to be passed on"], heard


@each_model
def test_a_flood_of_lines_is_not_heard(model):
    """The first five seconds' worth is; one word tells of the rest, and the client stays."""
    with serve(model, 1, "--chat-rate", "2") as server:
        sent = b"/nick a\n/join r\n" + b"/msg a more\n" * 500
        heard = all_answers(server, sent)
        # A slow machine gives the sender more time.
        assert 8 <= heard.count("-a- more") < 400, heard
        told = [line for line in heard if "too fast: more than 2 lines" in line]
        assert 1 <= len(told) <= heard.count("-a- more"), told


TWO_CHATS = """
[[service]]
name = "red"
run = "chat"
listen = "127.0.0.1:0"
[[service]]
name = "blue"
run = "chat"
listen = "127.0.0.1:0,model=thread"
"""


@contextlib.contextmanager
def two_chats(more=""):
    with folder() as path:
        config = os.path.join(path, "chats.toml")
        with open(config, "w") as file:
            file.write(TWO_CHATS.replace("0\"\n", "0\"" + more + "\n") + more)
        with Server("--config", config, listen=(), serving=2) as server:
            yield server


def test_two_chats_of_one_program_know_nothing_of_each_other():
    hello = b"/nick crow\n/join nest\n"
    with two_chats() as server:
        with connect_to(server.addresses[0]) as red:
            red.sendall(hello)
            assert b"you are in nest" in receive_until(red, b"nest\n")
            heard = all_answers(server, hello + b"/who\n/msg crow psst\nhello\n", at=1)
            assert heard == ["* you are crow", "* you are in nest", "* in nest: crow",
                             "-crow- psst"], heard
            red.sendall(b"/quit\n")
            assert receive_all(red) == b"* goodbye\n", "it heard of the other chat"


def test_two_chats_that_say_so_share_a_space():
    with two_chats('\nhub-space = "house"') as server:
        with connect_to(server.addresses[0]) as red:
            red.sendall(b"/nick crow\n")
            receive_until(red, b"you are crow\n")
            heard = all_answers(server, b"/nick crow\n/nick wren\n/msg crow psst\n", at=1)
            assert heard == ["! crow is taken: choose another name", "* you are wren"], heard
            assert receive_until(red, b"psst\n") == b"-wren- psst\n"


def insists(thief):
    """Whether it has an answer. What the dead hub was asked has to be asked again."""
    if any("owner" in line for line in thief.lines):
        return True
    if thief.has("! the hub was started again: messages may be missing"):
        thief.lines = []
        thief.say("/nick owner")
    return False


@each_model
def test_a_name_is_kept_for_its_owner_while_the_hub_is_started_again(model):
    with serve(model, 1) as server, Crowd() as crowd:
        owner = crowd.add(server.addresses[0], "owner")
        owner.say("/nick owner")
        crowd.until(lambda: owner.has("* you are owner"), "a name")
        for _ in range(3):
            thieves = [crowd.add(server.addresses[0], f"thief{n}") for n in range(4)]
            dead = hub_pid(server)
            os.kill(dead, signal.SIGKILL)
            for each in thieves:
                each.say("/nick owner")
            server.wait_for_log(f"hub ({dead}) was killed by signal 9")
            crowd.until(lambda t=thieves: all([insists(each) for each in t]), "each has an answer")
            assert not any(each.has("* you are owner") for each in thieves)
            for each in thieves:
                each.say("/quit")
            crowd.until(lambda t=thieves: all(each.ended for each in t), "they leave")
        owner.say("/msg owner to myself")
        crowd.until(lambda: owner.has("-owner- to myself"), "the name is still its own")
        crowd.close()
