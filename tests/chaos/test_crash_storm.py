"""A worker that has served a client is replaced at once, however often one dies."""
import os
import signal
import sys
import time

from framework import alone, each_model, limit, quick_or_long
from harness import Server, until

sys.path.insert(0, os.path.dirname(__file__))
from storm import Clients  # noqa: E402


@alone
@limit(30, long=120)
@each_model
def test_deaths_of_workers_that_had_served_never_give_the_service_up(model):
    """The listener is shared, so nobody is lost whom no dead worker held; 300 deaths with --long."""
    deaths = quick_or_long(12, 300)
    with Server("echo", model=(*model, 2)) as server:
        until(lambda: len(server.workers()) >= 2, 10, "workers")
        with Clients(server.port) as clients:
            killed = 0
            while killed < deaths:
                time.sleep(0.1)
                before = clients.whole
                until(lambda: clients.whole > before, 10, "a client that is served")
                alive = server.workers()
                if not alive:
                    continue
                os.kill(alive[killed % len(alive)], signal.SIGKILL)
                killed += 1
            before = clients.whole
            until(lambda: clients.whole > before, 10, "the service goes on")
        print(f"{killed} deaths: {clients.figures()}")
        assert "is parked" not in server.log()
        server.wait_for_log("was killed by signal 9", 5)
        until(lambda: server.log().count("was killed by signal 9") >= killed, 10, "each death told")
