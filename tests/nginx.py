"""An nginx of our own on an ephemeral port, to compare with: the same tree, nothing shared."""
import os
import shutil
import socket
import subprocess
import tempfile

from clients import connect_to
from framework import Skip
from harness import until

CONFIG = """
daemon off; master_process off; worker_processes 1; pid {own}/pid; error_log {own}/error.log crit;
events {{ worker_connections 256; }}
http {{
  include /etc/nginx/mime.types; default_type application/octet-stream;
  access_log off; server_tokens off; keepalive_timeout 20s; keepalive_requests 100000;
  client_body_temp_path {own}/body; proxy_temp_path {own}/proxy; fastcgi_temp_path {own}/fastcgi;
  uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi;
  absolute_redirect off; client_max_body_size 64k; large_client_header_buffers 4 16k;
  server {{ listen 127.0.0.1:{port} reuseport; server_name _; root {root}; disable_symlinks off; }}
}}
"""


class Nginx:
    def __init__(self, root):
        self.program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.access(self.program, os.X_OK):
            raise Skip("nginx is not installed")
        self.root = root

    def __enter__(self):
        self.own = tempfile.mkdtemp(prefix="samjoko-nginx-")
        os.chmod(self.own, 0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        with open(self.own + "/conf", "w") as file:
            file.write(CONFIG.format(own=self.own, port=self.port, root=self.root))
        self.process = subprocess.Popen(
            [self.program, "-p", self.own, "-e", self.own + "/error.log", "-c",
             self.own + "/conf"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until(self._answers, 10, "nginx serves")
        return self

    def _answers(self):
        assert self.process.poll() is None, "nginx did not start"
        try:
            connect_to(f"127.0.0.1:{self.port}", 1).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.own, ignore_errors=True)
