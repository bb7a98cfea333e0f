"""Drives one connection of paho-mqtt at MQTT 3.1.1 or 5. One JSON object as argument says how to connect;
clients/mqtt-session.ts describes what goes on standard input and output."""

import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

TIMEOUT_S = 25
EXPIRY_S = 300
printing = threading.Lock()


def say(value):
    with printing:
        print(json.dumps(value), flush=True)


class Session:
    def __init__(self, asked):
        self.is5 = asked["version"] == "5"
        version = mqtt.MQTTv5 if self.is5 else mqtt.MQTTv311
        clean = {} if self.is5 else {"clean_session": not asked["durable"]}
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=asked["clientId"], protocol=version, **clean
        )
        self.client = client
        self.answers = {}
        client.on_message = self.on_message
        client.on_connect = lambda client, userdata, flags, reason, properties: self.answer(
            "connect", (reason, flags.session_present)
        )
        # With TLS 1.3 a certificate is refused after the handshake has ended: the connection is closed, and that is all.
        client.on_disconnect = lambda client, userdata, flags, reason, properties: self.answer(
            "connect", (reason, False)
        )
        client.on_subscribe = lambda client, userdata, mid, reasons, properties: self.answer(mid, reasons)
        if asked.get("user"):
            client.username_pw_set(asked["user"], asked["password"])
        tls = asked.get("tls")
        if tls is not None:
            client.tls_set(tls["ca"], tls.get("cert") or None, tls.get("key") or None)
        will = asked.get("will")
        if will is not None:
            client.will_set(will["topic"], will["payload"], will["qos"], will["retain"])
        options = {}
        if self.is5:
            options["clean_start"] = not asked["durable"]
            if asked["durable"]:
                options["properties"] = Properties(PacketTypes.CONNECT)
                options["properties"].SessionExpiryInterval = EXPIRY_S
        client.connect(asked["host"], asked["port"], keepalive=30, **options)
        client.loop_start()
        reason, self.present = self.wait("connect")
        if reason.is_failure:
            raise ConnectionError(str(reason))

    def answer(self, name, value):
        self.event(name).value = value
        self.event(name).set()

    def event(self, name):
        with printing:
            if name not in self.answers:
                self.answers[name] = threading.Event()
            return self.answers[name]

    def wait(self, name):
        if not self.event(name).wait(TIMEOUT_S):
            raise TimeoutError(f"no answer to {name}")
        return self.answers.pop(name).value

    def on_message(self, client, userdata, message):
        said = {
            "topic": message.topic,
            "payload": message.payload.decode(),
            "qos": message.qos,
            "retain": bool(message.retain),
        }
        found = message.properties
        if found is not None and (hasattr(found, "UserProperty") or hasattr(found, "ResponseTopic")):
            said["properties"] = {
                "contentType": getattr(found, "ContentType", ""),
                "responseTopic": getattr(found, "ResponseTopic", ""),
                "correlationData": getattr(found, "CorrelationData", b"").decode(),
                "userProperties": [list(pair) for pair in getattr(found, "UserProperty", [])],
            }
        say({"message": said})

    def subscribe(self, asked):
        _, mid = self.client.subscribe(asked["filter"], qos=asked["qos"])
        reasons = self.wait(mid)
        if any(reason.is_failure for reason in reasons):
            raise ConnectionError(str(reasons))

    def publish(self, asked):
        properties = None
        given = asked.get("properties")
        if given is not None and self.is5:
            properties = Properties(PacketTypes.PUBLISH)
            if given["contentType"]:
                properties.ContentType = given["contentType"]
            if given["responseTopic"]:
                properties.ResponseTopic = given["responseTopic"]
            properties.CorrelationData = given["correlationData"].encode()
            if given["userProperties"]:
                properties.UserProperty = [tuple(pair) for pair in given["userProperties"]]
        sent = self.client.publish(
            asked["topic"], asked["payload"], asked["qos"], asked["retain"], properties=properties
        )
        sent.wait_for_publish(TIMEOUT_S)
        if not sent.is_published():
            raise TimeoutError("a message was not acknowledged")

    def disconnect(self, asked):
        self.client.disconnect()
        self.client.loop_stop()


def main():
    session = Session(json.loads(sys.argv[1]))
    say({"connected": {"sessionPresent": bool(session.present)}})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            getattr(session, asked["do"])(asked)
            say({"done": asked["id"]})
        except Exception as error:  # The test judges it.
            say({"failed": asked["id"], "error": str(error)})
        if asked["do"] == "disconnect":
            return


if __name__ == "__main__":
    main()
