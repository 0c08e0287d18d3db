"""Stands between an agent and its engine, and keeps the first line of each request."""

import os
import re
import socket
import threading


class RecordingProxy:
    """Listens on a Unix socket of a group; passes every byte on to the engine's."""

    def __init__(self, path, engine, group):
        self.requests = []
        self.engine = str(engine)
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chown(path, 0, group)
        os.chmod(path, 0o660)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as engine:
            try:
                engine.connect(self.engine)
            except OSError:
                return
            pair = [client, engine]
            self.connections += pair
            answers = threading.Thread(target=self.pass_on, args=(engine, client, False), daemon=True)
            answers.start()
            self.pass_on(client, engine, True)
            answers.join()
            self.connections = [one for one in self.connections if one not in pair]

    def pass_on(self, source, sink, is_request):
        try:
            while piece := source.recv(65536):
                if is_request:
                    self.requests += re.findall(rb"(?m)^([A-Z]+) (\S+) HTTP/1\.1\r$", piece)
                sink.sendall(piece)
        except OSError:
            pass
        end(source, sink)

    def cut(self):
        """Ends all connections."""
        end(*self.connections)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()


def end(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already
