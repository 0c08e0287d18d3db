"""A Docker Engine that shows what a test says: enough of the Engine API for the agent, on a Unix socket."""

import http.server
import json
import queue
import socketserver
import threading
import urllib.parse


class ScriptedEngine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Change `services` and `tasks` under `lock`, then say so with `emit`."""

    daemon_threads = True

    def __init__(self, socket):
        super().__init__(str(socket), Handler)
        self.lock = threading.Lock()
        self.services = {}
        self.tasks = {}
        self.failing = False  # every list is refused
        self.streams = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # the agent has gone

    def add(self, name, tasks=1, port=8080, labels=None, state="running"):
        """A service with that many tasks on one overlay network."""
        with self.lock:
            number = len(self.services) + 1
            service = f"service{number:03}"
            self.services[service] = {
                "ID": service, "Version": {"Index": 10},
                "Spec": {
                    "Name": name, "Labels": labels or {}, "Mode": {"Replicated": {"Replicas": tasks}},
                    "TaskTemplate": {"ContainerSpec": {"Image": "localhost/x:1"}, "Networks": [{"Target": "net1"}]},
                },
                "Endpoint": {"Spec": {"Mode": "vip"}, "Ports": [
                    {"Protocol": "tcp", "TargetPort": port, "PublishedPort": port, "PublishMode": "ingress"}
                ] if port else []},
            }
            for slot in range(1, tasks + 1):
                self._put_task(service, slot, state)
            return service

    def scale(self, service, tasks):
        with self.lock:
            self.services[service]["Spec"]["Mode"]["Replicated"]["Replicas"] = tasks
            for slot in range(1, tasks + 1):
                self._put_task(service, slot, "running")
            for task in [task for task, value in self.tasks.items()
                         if value["ServiceID"] == service and value["Slot"] > tasks]:
                del self.tasks[task]
        self.emit("update", service)

    def emit(self, action, service):
        record = {"Type": "service", "Action": action, "Actor": {"ID": service, "Attributes": {}}, "scope": "swarm"}
        for stream in list(self.streams):
            stream.put(json.dumps(record).encode() + b"\n")

    def _put_task(self, service, slot, state):
        number = int(service.removeprefix("service"))
        task = f"task{number:03}x{slot}"
        self.tasks[task] = {
            "ID": task, "ServiceID": service, "NodeID": "node1", "Slot": slot, "DesiredState": "running",
            "Spec": {"ContainerSpec": {"Image": "localhost/x:1"}}, "Status": {"State": state, "PortStatus": {}},
            "NetworksAttachments": [{
                "Network": {"ID": "net1", "Spec": {"Name": "monitoring", "Scope": "swarm"},
                            "DriverState": {"Name": "overlay"}},
                "Addresses": [f"10.0.{number}.{slot + 2}/16"],
            }],
        }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "agent"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(b"")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path = url.path
        if path.startswith("/v1."):
            path = "/" + path.split("/", 2)[2]
        if path == "/_ping":
            self._answer(b"OK")
        elif path == "/events":
            self._stream()
        elif self.server.failing:
            self._answer(b'{"message":"The swarm does not have a leader."}', 503)
        else:
            with self.server.lock:
                found = self._find(path, urllib.parse.parse_qs(url.query))
            self._answer(json.dumps(found if found is not None else {"message": "no such thing"}).encode(),
                         200 if found is not None else 404)

    def _find(self, path, query):
        engine = self.server
        if path == "/services":
            return list(engine.services.values())
        if path == "/nodes":
            return [{"ID": "node1", "Spec": {"Role": "manager", "Availability": "active"},
                     "Status": {"State": "ready", "Addr": "192.0.2.1"}, "Description": {"Hostname": "manager-1"}}]
        if path == "/tasks":
            wanted = json.loads(query.get("filters", ["{}"])[0]).get("service")
            return [task for task in engine.tasks.values() if wanted is None or task["ServiceID"] in wanted]
        kind, _, name = path.strip("/").partition("/")
        return {"services": engine.services, "tasks": engine.tasks}.get(kind, {}).get(name)

    def _head(self, status, **fields):
        self.send_response(status)
        self.send_header("Api-Version", "1.41")
        self.send_header("Swarm", "active/manager")
        self.send_header("Content-Type", "application/json")
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _answer(self, body, status=200):
        self._head(status, Content_Length=str(len(body)))
        if body:
            self.wfile.write(body)

    def _stream(self):
        self._head(200, Transfer_Encoding="chunked")
        records = queue.Queue()
        self.server.streams.append(records)
        try:
            while True:
                record = records.get()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(record), record))
        except OSError:
            pass
        finally:
            self.server.streams.remove(records)
            self.close_connection = True
