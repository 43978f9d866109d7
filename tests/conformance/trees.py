"""Trees of files to serve: odd names, every size near a boundary, links in and out."""
import os
import urllib.parse

ODD_NAMES = ["plain.txt", "with space.txt", "per%cent.txt", "hash#.txt", "question?.txt", "a+b",
             "semi;colon", "quote'\"double", "back\\slash", "삼족오.html", "tab\there", "new\nline",
             "colon:here", "at@sign", "star*", "[bracket]", "{brace}", "pipe|", "tilde~", "-dash",
             "..dots", "...", "x..", ".hidden", "UPPER.HTML", "no_extension", "two.dots.tar.gz",
             "&amp;", "<angle>", "caret^", "back`tick", "equals=", "comma,", "dollar$", "!bang",
             "%2e%2e", "%00", "index.htm", b"latin1-\xe9.txt", b"bytes-\xff\xfe", "a" * 200]
SIZES = [0, 1, 2, 1000, 4095, 4096, 4097, 16384, 65535, 65536, 65537, 300000]
KINDS = ["html", "css", "js", "json", "svg", "png", "jpg", "gif", "ico", "webp", "txt", "xml",
         "pdf", "zip", "gz", "mp4", "mp3", "wasm", "woff2", "md", "bin", "c", "sh", "unknownkind"]


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def join(here, name):
    if isinstance(name, bytes):
        return os.path.join(os.fsencode(here), name)
    return os.path.join(here, name)


def make_tree(here):
    """Fills the folder; files differ in content."""
    for name in ODD_NAMES:
        write(join(here + "/odd", name), b"odd " + os.fsencode(name))
        write(join(here + "/odd/dir " + os.fsdecode(name)[:50], "inside"), os.fsencode(name))
    for size in SIZES:
        write(f"{here}/sizes/{size}", os.urandom(size))
    for kind in KINDS:
        write(f"{here}/kinds/file.{kind}", b"of the kind " + kind.encode())
    write(here + "/index.html", b"<!doctype html><title>top</title>")
    write(here + "/sub/index.html", b"<!doctype html><title>sub</title>")
    write(here + "/sub/deeper/page.html", b"<!doctype html><title>page</title>")
    os.makedirs(here + "/empty", exist_ok=True)
    return here


def add_links(here, outside):
    """Links within the tree, and links that leave it: the names of the latter."""
    write(outside + "/secret", b"outside the tree")
    os.symlink("plain.txt", here + "/odd/link-to-plain")
    os.symlink("../sizes", here + "/odd/link-to-folder")
    leaving = {"link-out-absolute": outside + "/secret", "link-out-folder": outside,
               "link-out-relative": os.path.relpath(outside + "/secret", here),
               "link-to-root": "/", "link-to-passwd": "/etc/passwd"}
    for name, target in leaving.items():
        os.symlink(target, f"{here}/{name}")
    os.symlink("link-out-absolute", here + "/link-to-link")
    os.symlink("dangling-target", here + "/link-dangling")
    os.symlink("link-loop", here + "/link-loop")
    return [*leaving, "link-out-folder/secret", "link-to-root/etc/passwd", "link-to-link"]


def target_of(path, root):
    """The request target of a file of the tree."""
    relative = os.path.relpath(os.fsencode(path), os.fsencode(root))
    return "/" + urllib.parse.quote_from_bytes(relative)


def regular_files(root):
    """All regular files inside the tree, links not followed."""
    for folder, _, names in os.walk(os.fsencode(root)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def links(root):
    for folder, folders, names in os.walk(os.fsencode(root)):
        for name in sorted(folders + names):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                yield path


def leaves(path, root):
    """Whether a link's target is outside the tree."""
    real, top = os.path.realpath(path), os.path.realpath(os.fsencode(root))
    return real != top and not real.startswith(top + b"/")
