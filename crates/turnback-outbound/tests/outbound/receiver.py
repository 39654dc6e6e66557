"""An HTTP server that says on its standard output what it was sent, a line of JSON for each.

It prints its port first, and ends with its standard input. The path says what it answers:
/status/503 that status, /after/7 a 429 that asks for seven seconds, /hang nothing at all,
/json what stands in the query, /redirect a way elsewhere, anything else 200.
"""

import json
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        print(json.dumps({"method": self.command, "path": self.path, "headers": headers, "body": body}), flush=True)
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if parts[0] == "hang":
            time.sleep(3600)
        status, answer = 200, "taken"
        if parts[0] == "status":
            status, answer = int(parts[1]), "said no to " + body
        elif parts[0] == "after":
            status = 429
        elif parts[0] == "json":
            answer = urllib.parse.unquote(url.query)
        elif parts[0] == "redirect":
            status = 302
        self.send_response(status)
        if parts[0] == "after":
            self.send_header("Retry-After", parts[1])
        if parts[0] == "redirect":
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
