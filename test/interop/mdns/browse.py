"""Looks for services by multicast DNS until standard input ends, and prints what comes and goes as lines of JSON."""

import json
import os
import socket
import sys
import threading

from zeroconf import IPVersion, ServiceBrowser, Zeroconf

TYPES = [f"_{name}._tcp.local." for name in ("mqtt", "secure-mqtt", "kafka", "http", "https")]
printing = threading.Lock()


def say(**event):
    with printing:
        print(json.dumps(event), flush=True)


class Listener:
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name, timeout=5000)
        if info is None:
            say(event="unresolved", name=name)
            return
        texts = {key.decode(): (value or b"").decode() for key, value in info.properties.items()}
        addresses = info.parsed_scoped_addresses()
        say(event="add", name=name, server=info.server, port=info.port, addresses=addresses, texts=texts)

    def remove_service(self, zc, kind, name):
        say(event="remove", name=name)

    def update_service(self, zc, kind, name):
        pass


def rubbish(count):
    """Datagrams that are no messages, to the group."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for index in range(count):
            sender.sendto(os.urandom(1 + index % 1400), ("224.0.0.251", 5353))


zeroconf = Zeroconf(ip_version=IPVersion.All)
browser = ServiceBrowser(zeroconf, TYPES, Listener())
say(event="ready")
for line in sys.stdin:
    if line.strip() == "rubbish":
        rubbish(500)
        say(event="sent")
zeroconf.close()
