"""A way between workers and a server that can be cut: a TCP proxy on loopback, in threads of this process."""
import socket
import threading
import time


class Proxy:
    def __init__(self, port):
        """Passes connections to that port of loopback on; its own is `port`."""
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.open = threading.Event()
        self.open.set()
        self.pairs = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.connect, args=(near,), daemon=True).start()

    def connect(self, near):
        self.open.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            near.close()
            return
        pair = (near, far)
        self.pairs.add(pair)
        for source, target in (pair, pair[::-1]):
            threading.Thread(target=self.pump, args=(source, target, pair), daemon=True).start()

    def pump(self, source, target, pair):
        try:
            while data := source.recv(65536):
                self.open.wait()
                target.sendall(data)
        except OSError:
            pass
        self.end(pair)

    def end(self, pair):
        self.pairs.discard(pair)
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def stall(self, seconds):
        """Nothing goes through for a while, and nobody is told."""
        self.open.clear()
        time.sleep(seconds)
        self.open.set()

    def reset(self):
        """All connections end."""
        for pair in list(self.pairs):
            self.end(pair)
