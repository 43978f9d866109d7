"""GET, HEAD, Range, conditional requests and errors agree with nginx on the same tree."""
import os
import sys

from clients import ask, connect, connect_to
from framework import MODELS, cases, limit, model_name
from harness import Server, folder
from nginx import Nginx

sys.path.insert(0, os.path.dirname(__file__))
import nginx_differences as known  # noqa: E402
import trees  # noqa: E402

BIG = "/sizes/300000"
OLD, SAME, NEW = ("Mon, 13 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 GMT",
                  "Wed, 15 Nov 2023 22:13:20 GMT")

# A name, the method, the target, headers; {etag} is the server's own entity tag of BIG.
REQUESTS = [
    ("top", "GET", "/", ""), ("HEAD of the top", "HEAD", "/", ""),
    ("index of a folder", "GET", "/sub/", ""), ("folder without slash", "GET", "/sub", ""),
    ("folder without slash, query", "GET", "/sub?a=b", ""),
    ("folder without index", "GET", "/empty/", ""), ("missing", "GET", "/missing", ""),
    ("HEAD of missing", "HEAD", "/missing", ""),
    ("missing below a file", "GET", "/index.html/x", ""),
    ("file with a slash", "GET", "/index.html/", ""), ("empty file", "GET", "/sizes/0", ""),
    ("query is ignored", "GET", "/index.html?a=b&c", ""),
    ("dot segment", "GET", "/sub/./index.html", ""),
    ("up and down", "GET", "/sub/../index.html", ""),
    ("two slashes", "GET", "//sub//index.html", ""), ("encoded letter", "GET", "/%69ndex.html", ""),
    ("encoded slash", "GET", "/sub%2findex.html", ""),
    ("above the top", "GET", "/../index.html", ""),
    ("bad escape", "GET", "/%zz", ""), ("encoded NUL", "GET", "/index.html%00", ""),
    ("HEAD of a big file", "HEAD", BIG, ""),
    ("POST", "POST", "/index.html", "Content-Length: 0\r\n"),
    ("PUT", "PUT", "/index.html", "Content-Length: 0\r\n"), ("DELETE", "DELETE", "/index.html", ""),
    ("none match: same", "GET", BIG, "If-None-Match: {etag}\r\n"),
    ("none match: other", "GET", BIG, 'If-None-Match: "other"\r\n'),
    ("none match: weak", "GET", BIG, "If-None-Match: W/{etag}\r\n"),
    ("none match: list", "GET", BIG, 'If-None-Match: "a", {etag}, "b"\r\n'),
    ("none match: any", "GET", BIG, "If-None-Match: *\r\n"),
    ("none match: HEAD", "HEAD", BIG, "If-None-Match: {etag}\r\n"),
    ("none match: missing", "GET", "/missing", "If-None-Match: *\r\n"),
    ("match: same", "GET", BIG, "If-Match: {etag}\r\n"),
    ("match: other", "GET", BIG, 'If-Match: "other"\r\n'),
    ("match: any", "GET", BIG, "If-Match: *\r\n"),
    ("since the same", "GET", BIG, f"If-Modified-Since: {SAME}\r\n"),
    ("since before", "GET", BIG, f"If-Modified-Since: {OLD}\r\n"),
    ("since nonsense", "GET", BIG, "If-Modified-Since: yesterday\r\n"),
    ("since, but other tag", "GET", BIG, f'If-None-Match: "x"\r\nIf-Modified-Since: {SAME}\r\n'),
    ("unmodified since before", "GET", BIG, f"If-Unmodified-Since: {OLD}\r\n"),
    ("unmodified since the same", "GET", BIG, f"If-Unmodified-Since: {SAME}\r\n"),
    ("unmodified since later", "GET", BIG, f"If-Unmodified-Since: {NEW}\r\n"),
]
REQUESTS += [(f"range {given}", "GET", BIG, f"Range: {given}\r\n") for given in [
    "bytes=0-0", "bytes=0-99", "bytes=100-199", "bytes=299999-299999", "bytes=299990-", "bytes=0-",
    "bytes=-1", "bytes=-500", "bytes=-300000", "bytes=-400000", "bytes=299990-400000",
    "bytes=300000-", "bytes=300000-300001", "bytes=5-1", "bytes=-0", "bytes=", "bytes=a-b",
    "bytes=1", "items=0-1", "bytes=99999999999999999999-", "bytes=0-99999999999999999999"]]
REQUESTS += [
    ("several ranges", "GET", BIG, "Range: bytes=0-1,5-9\r\n"),
    ("range of HEAD", "HEAD", BIG, "Range: bytes=0-9\r\n"),
    ("range of an empty file", "GET", "/sizes/0", "Range: bytes=0-9\r\n"),
    ("range if same tag", "GET", BIG, "Range: bytes=0-9\r\nIf-Range: {etag}\r\n"),
    ("range if other tag", "GET", BIG, 'Range: bytes=0-9\r\nIf-Range: "other"\r\n'),
    ("range if same date", "GET", BIG, f"Range: bytes=0-9\r\nIf-Range: {SAME}\r\n"),
    ("range if old date", "GET", BIG, f"Range: bytes=0-9\r\nIf-Range: {OLD}\r\n"),
    ("range and none match", "GET", BIG, "Range: bytes=0-9\r\nIf-None-Match: {etag}\r\n"),
]


def compare(name, ours, theirs):
    """(what, ours, theirs) of each difference."""
    if ours.status != theirs.status:
        yield "status", ours.status, theirs.status
    error = theirs.status in known.NO_BODY_COMPARED
    if not error and ours.body != theirs.body:
        yield "body", ours.body[:60], theirs.body[:60]
    for header in known.HEADERS:
        if header == "content-length" and (error or theirs.status == 304):
            continue
        if ours.headers.get(header) != theirs.headers.get(header):
            yield header, ours.headers.get(header), theirs.headers.get(header)
    for header in ("etag", "date", "last-modified"):
        if (header in ours.headers) != (header in theirs.headers):
            yield header, ours.headers.get(header), theirs.headers.get(header)


def ask_both(server, nginx, request):
    name, method, target, headers = request
    answers = []
    for connected in (lambda: connect(server), lambda: connect_to(f"127.0.0.1:{nginx.port}")):
        with connected() as client:
            tag = ask(client, BIG, method="HEAD").headers["etag"]
            answers.append(ask(client, target, headers.replace("{etag}", tag), method))
    return answers


@limit(60)
@cases(MODELS, model_name)
def test_requests(model):
    unexcused, used = [], set()
    with folder() as here:
        os.chmod(here, 0o755)
        trees.make_tree(here)
        with Nginx(here) as nginx, Server("files", here, model=model) as server:
            for request in REQUESTS:
                ours, theirs = ask_both(server, nginx, request)
                for what, our, their in compare(request[0], ours, theirs):
                    if known.excused(request[0], what):
                        used.add((request[0], what))
                    else:
                        unexcused.append(f"{request[0]}: {what}: {our!r}, nginx {their!r}")
    print(f"{len(REQUESTS)} requests, {len(used)} known differences")
    assert not unexcused, "\n" + "\n".join(unexcused)


@limit(60)
def test_types():
    """The types that a page needs to work are nginx's."""
    needed = ["html", "css", "js", "json", "svg", "png", "jpg", "gif", "txt", "pdf", "wasm", "mp4"]
    with folder() as here:
        os.chmod(here, 0o755)
        trees.make_tree(here)
        with Nginx(here) as nginx, Server("files", here) as server:
            for kind in needed:
                pair = [answer.headers["content-type"].split(";")[0] for answer in
                        ask_both(server, nginx, ("", "GET", f"/kinds/file.{kind}", ""))]
                # RFC 9239 renamed the type of scripts after nginx's table was made.
                allowed = {("text/javascript", "application/javascript")}
                assert pair[0] == pair[1] or tuple(pair) in allowed, (kind, pair)
