"""A handler that clang compiled, on the library that g++ compiled: what docs/first_handler.md tells users of Debian 12 to do."""
import os
import shutil
import subprocess
import tempfile

from clients import connect, receive_exactly
from framework import MODELS, SLOWNESS, Skip, limit, model_name
from harness import BINARY, ROOT, Server

# The second line would be a double free if g++ 12 had compiled it.
HANDLER = r"""
#include <samjoko/samjoko.hpp>
#include <string>
struct answer { int status; std::string body; };
samjoko::task<samjoko::result<void>> send(samjoko::connection& client, answer reply) {
  const auto head = std::to_string(reply.status) + " ";
  co_return co_await client.write(head, reply.body);
}
samjoko::task<> serve(samjoko::connection& client) {
  while (auto line = co_await client.read_line()) {
    if (!co_await send(client, {404, "there is nothing by this name: " + std::string(*line) + "\n"})) co_return;
  }
}
int main(int argc, char** argv) { return samjoko::run(argc, argv, {.name = "mixed", .handler = serve}); }
"""


def built(folder):
    library = os.path.join(os.path.dirname(BINARY), "libsamjoko.a")
    if SLOWNESS > 1 or not os.path.exists(library):
        raise Skip("there is no library of the release build beside the program")
    if not shutil.which("clang++-19"):
        raise Skip("there is no clang++-19 here")
    program = os.path.join(folder, "mixed")
    made = subprocess.run(["clang++-19", "-std=c++23", "-O2", f"-I{ROOT}", "-x", "c++", "-", "-x", "none", library,
                           "-lcares", "-pthread", "-o", program], input=HANDLER, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-3000:]
    return program


@limit(180)
def test_a_handler_of_clang_on_the_library_of_gcc():
    with tempfile.TemporaryDirectory() as folder:
        program = built(folder)
        for model in MODELS:
            with Server(program=program, model=model) as server, connect(server) as client:
                for word in ("one", "two", "three"):
                    client.sendall(f"{word}\n".encode())
                    want = f"404 there is nothing by this name: {word}\n".encode()
                    got = receive_exactly(client, len(want))
                    assert got == want, f"{model_name(model)}: {got!r}"
