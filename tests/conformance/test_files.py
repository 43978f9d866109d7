"""files: every file of a tree fetched by curl and byte-equal; links that leave are refused."""
import os
import shutil
import subprocess
import sys

from clients import ask, connect
from framework import Skip, each_model, each_model_and_workers, limit, long_only
from harness import Server, folder

sys.path.insert(0, os.path.dirname(__file__))
import trees  # noqa: E402


def fetch_all(server, root, files):
    """One curl over few connections gets all files; gives those that differ."""
    with folder() as here:
        with open(here + "/config", "w") as config:
            for number, path in enumerate(files):
                config.write(f'url = "http://127.0.0.1:{server.port}{trees.target_of(path, root)}"'
                             f'\noutput = "{here}/{number}"\n')
        done = subprocess.run(["curl", "-sS", "--fail", "--path-as-is", "--globoff", "--config",
                               here + "/config"], capture_output=True, text=True, timeout=300)
        differ = []
        for number, path in enumerate(files):
            try:
                with open(f"{here}/{number}", "rb") as got, open(path, "rb") as wanted:
                    same = got.read() == wanted.read()
            except FileNotFoundError:
                same = os.path.getsize(path) == 0 and done.returncode == 0
            if not same:
                differ.append(path)
        return differ, done.stderr


def check_tree(server, root):
    files = list(trees.regular_files(root))
    differ, complaints = fetch_all(server, root, files)
    assert not differ, f"{len(differ)} of {len(files)} differ: {differ[:10]}\n{complaints[:1000]}"
    assert not complaints, complaints[:1000]
    return len(files)


def need_curl():
    if not shutil.which("curl"):
        raise Skip("curl is not installed")


@limit(60)
@each_model_and_workers
def test_generated_tree(model):
    need_curl()
    with folder() as here:
        trees.make_tree(here)
        with Server("files", here, model=model) as server:
            count = check_tree(server, here)
    assert count > 100


@limit(60)
@each_model
def test_links(model):
    """Links within the tree are followed; those that leave it are refused."""
    with folder() as here, folder() as outside:
        trees.make_tree(here)
        leaving = trees.add_links(here, outside)
        with Server("files", here, model=model) as server, connect(server) as client:
            assert ask(client, "/odd/link-to-plain").body == b"odd plain.txt"
            assert ask(client, "/odd/link-to-folder/1000").status == 200
            for name in [*leaving, "link-dangling", "link-loop"]:
                answer = ask(client, "/" + name)
                assert answer.status in (403, 404), f"{name}: {answer.status} {answer.body[:80]}"
                assert b"outside the tree" not in answer.body


@limit(60, 600)
@each_model_and_workers
@long_only
def test_usr_share_doc(model):
    need_curl()
    root = "/usr/share/doc"
    with Server("files", root, model=model) as server:
        count = check_tree(server, root)
        out = [link for link in trees.links(root) if trees.leaves(link, root)]
        with connect(server) as client:
            for link in out:
                status = ask(client, trees.target_of(link, root)).status
                assert status in (403, 404), (link, status)
    print(f"{count} files byte-equal; {len(out)} links leave the tree and are refused: "
          + ", ".join(os.fsdecode(os.path.relpath(link, root.encode())) for link in out[:20]))


TRAVERSALS = ["/../{0}", "/%2e%2e/{0}", "/..%2f{0}", "/sub/../../{0}", "/sub/%2e%2e/%2e%2e/{0}",
              "/.%2e/{0}", "//../{0}", "/./../{0}", "/..\\{0}", "/..%5c{0}", "/%252e%252e/{0}",
              "/sub/..;/..;/{0}", "/..%00/{0}", "/{0}%00.html", "/..%c0%af{0}", "/%c0%ae%c0%ae/{0}",
              "/sub/deeper/../../../{0}", "/....//{0}", "/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
              "/../../../../../../../../etc/passwd", "//etc/passwd", "/sub//../../{0}"]


@each_model
def test_traversal(model):
    with folder() as top:
        root = top + "/root"
        trees.make_tree(root)
        trees.write(top + "/secret", b"outside the tree")
        with Server("files", root, model=model) as server:
            for form in TRAVERSALS:
                target = form.format("secret")
                with connect(server) as client:
                    answer = ask(client, target)
                assert answer.status in (400, 403, 404, 301), (target, answer.status)
                assert b"outside" not in answer.body and b"root:" not in answer.body, target


@each_model
def test_file_without_the_right(model):
    with folder() as here:
        trees.make_tree(here)
        os.chmod(here + "/sizes/1000", 0)
        os.chmod(here, 0o755)
        drop = ["--user", "nobody"] if os.getuid() == 0 else []
        with Server("files", here, *drop, model=model) as server, connect(server) as client:
            assert ask(client, "/sizes/1000").status in (403, 404)
            assert ask(client, "/sizes/4096").status == 200


@each_model
def test_what_is_no_file(model):
    """A FIFO would block who opens it, a socket cannot be read."""
    with folder() as here:
        trees.make_tree(here)
        os.mkfifo(here + "/fifo")
        os.symlink("/dev/zero", here + "/device")
        with Server("files", here, model=model) as server, connect(server, 5) as client:
            for target in ("/fifo", "/device", "/plain.txt/below"):
                assert ask(client, target).status in (403, 404), target


@each_model
def test_file_changes(model):
    """New content, a replaced file, a removed one: the next answer is of what is there now."""
    with folder() as here:
        path = here + "/file"
        trees.write(path, b"first")
        with Server("files", here, model=model) as server, connect(server) as client:
            first = ask(client, "/file")
            trees.write(here + "/other", b"second, longer")
            os.rename(here + "/other", path)
            os.utime(path, (1_700_000_005, 1_700_000_005))
            import time
            time.sleep(1.2)
            second = ask(client, "/file")
            assert (first.body, second.body) == (b"first", b"second, longer")
            assert first.headers["etag"] != second.headers["etag"]
            os.remove(path)
            time.sleep(1.2)
            assert ask(client, "/file").status == 404


@each_model
def test_listing(model):
    with folder() as here:
        trees.make_tree(here)
        with Server("files", here, "--list", model=model) as server, connect(server) as client:
            page = ask(client, "/kinds/")
            assert page.status == 200 and b"file.html" in page.body
            odd = ask(client, "/odd/").body
            assert b"<angle>" not in odd and b"&lt;angle&gt;" in odd and b"per%25cent" in odd
            assert ask(client, "/sub/").body == b"<!doctype html><title>sub</title>"
        with Server("files", here, model=model) as server, connect(server) as client:
            assert ask(client, "/kinds/").status in (403, 404)
