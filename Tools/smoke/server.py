"""Starts `apus serve` on a free port and stops it with SIGTERM."""
import json
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request


class Server:
    """A running server; use it in a `with` statement. On leaving, it must exit with 0 within 30 s."""

    def __init__(self, binary, model, *flags):
        self.command = [binary, "serve", "--model", model, "--port", "0", *flags]
        self.lines = []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        self.url = None
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"ready in .* at (http://\S+)", line)
            if found:
                self.url = found.group(1)
                break
        if not self.url:
            raise SystemExit(f"no ready line from {' '.join(self.command)}:\n{''.join(self.lines)}")
        threading.Thread(target=self.lines.extend, args=(self.process.stderr,), daemon=True).start()
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        if kind is None and code != 0:
            raise SystemExit(f"exit code {code} after SIGTERM:\n{''.join(self.lines)}")

    def call(self, path, body=None, headers=None):
        """(status, text) of a GET, or of a POST of `body` as JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data,
            headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        """Values of /metrics by name."""
        _, text = self.call("/metrics")
        pairs = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in pairs}
