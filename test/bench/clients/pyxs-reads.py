"""READs with pyxs, in READs per second: so many in flight as there are threads, since its client waits for each reply.

Usage: pyxs-reads.py THREADS SOCKET NODE
"""

import sys
import threading
import time

from pyxs import Client

threads, socket, node = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode()


def measure(client, count):
    def lane():
        for _ in range(count // threads):
            client.read(node)

    lanes = [threading.Thread(target=lane) for _ in range(threads)]
    begun = time.monotonic()
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    return count // threads * threads / (time.monotonic() - begun)


with Client(unix_socket_path=socket) as client:
    for line in sys.stdin:
        print(measure(client, int(line)), flush=True)
