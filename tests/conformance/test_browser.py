"""A real browser loads the demo site: text, styles, picture, links."""
import os
import shutil
import subprocess

from framework import Skip, each_model, limit
from harness import ROOT, Server, folder

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--window-size=900,700"]


def chromium(url, *more):
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise Skip("chromium is not installed")
    with folder() as profile:
        done = subprocess.run([program, *FLAGS, f"--user-data-dir={profile}", *more, url],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0, f"chromium ended with {done.returncode}"
    return done.stdout.decode(errors="replace")


@limit(90)
@each_model
def test_demo_site(model):
    site = ROOT + "/examples/site"
    with folder() as here, Server("files", site, model=model) as server:
        url = f"http://127.0.0.1:{server.port}"
        page = chromium(url + "/", "--dump-dom")
        with open(site + "/index.html") as file:
            title = file.read().split("<title>")[1].split("</title>")[0]
        assert title in page, page[:500]
        chromium(url + "/", f"--screenshot={here}/picture.png")
        assert os.path.getsize(here + "/picture.png") > 5000
        assert "404" in chromium(url + "/missing.html", "--dump-dom")
