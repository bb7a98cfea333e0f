"""Drives paho-mqtt at MQTT 3.1.1 and 5: one JSON request as argument, messages as JSON lines. See clients/paho.ts."""

import json
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

TIMEOUT_S = 25


def connected(request, prepare=lambda client: None):
    """A client that is connected, its network loop in a thread of its own."""
    version = mqtt.MQTTv5 if request["version"] == "5" else mqtt.MQTTv311
    transport = request["transport"]
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=version, transport=transport)
    client.max_inflight_messages_set(20)
    ready = threading.Event()
    reasons = []

    def on_connect(client, userdata, flags, reason, properties):
        reasons.append(reason)
        ready.set()

    client.on_connect = on_connect
    prepare(client)
    client.connect(request["host"], request["port"], keepalive=30)
    client.loop_start()
    if not ready.wait(TIMEOUT_S):
        raise TimeoutError("no CONNACK came")
    if reasons[0].is_failure:
        raise ConnectionError(str(reasons[0]))
    return client


def publish(request):
    client = connected(request)
    properties = None
    if request["properties"] is not None:
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = request["properties"]["contentType"]
        properties.ResponseTopic = request["properties"]["responseTopic"]
        properties.CorrelationData = request["properties"]["correlationData"].encode()
        properties.UserProperty = [tuple(pair) for pair in request["properties"]["userProperties"]]
    sent = []
    for line in sys.stdin:
        message = json.loads(line)
        sent.append(
            client.publish(message["topic"], message["payload"], qos=request["qos"], properties=properties)
        )
    for message in sent:
        message.wait_for_publish(TIMEOUT_S)
        if not message.is_published():
            raise TimeoutError("a message was not acknowledged")
    client.disconnect()
    client.loop_stop()


def subscribe(request):
    done = threading.Event()
    count = 0

    def on_message(client, userdata, message):
        nonlocal count
        line = {"topic": message.topic, "payload": message.payload.decode(), "qos": message.qos}
        found = message.properties
        if found is not None and hasattr(found, "UserProperty"):
            line["properties"] = {
                "contentType": getattr(found, "ContentType", None),
                "responseTopic": getattr(found, "ResponseTopic", None),
                "correlationData": getattr(found, "CorrelationData", b"").decode(),
                "userProperties": [list(pair) for pair in found.UserProperty],
            }
        print(json.dumps(line), flush=True)
        count += 1
        if count == request["count"]:
            done.set()

    def on_subscribe(client, userdata, mid, reasons, properties):
        if any(reason.is_failure for reason in reasons):
            raise ConnectionError(str(reasons))
        print(json.dumps("subscribed"), flush=True)

    def prepare(client):
        client.on_message = on_message
        client.on_subscribe = on_subscribe

    client = connected(request, prepare)
    client.subscribe(request["filter"], qos=2)
    done.wait(TIMEOUT_S)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    {"publish": publish, "subscribe": subscribe}[asked["command"]](asked)
