import { connect } from "node:net";

const CONNECT = 0x10;
const PUBLISH_QOS_2 = 0x34;
/** PUBREC of packet 5, as both versions have it where there is nothing to say. */
const LAST_PUBREC = Buffer.from([0x50, 2, 0, 5]);

/** A client leaves a session behind with QoS 2 messages 1 to 5 that it has not released. */
export function leaveUnreleased(port: number, clientId: string, version: 4 | 5): Promise<void> {
  // Keep alive 60 s; of MQTT 5 a session expiry of an hour.
  const properties = version === 5 ? [5, 0x11, 0, 0, 0x0e, 0x10] : [];
  const head = [0, 4, ...Buffer.from("MQTT"), version, 0, 0, 60, ...properties];
  const body = [...head, 0, clientId.length, ...Buffer.from(clientId)];
  const publishes = [1, 2, 3, 4, 5].flatMap((packetId) => {
    const packet = [0, 3, ...Buffer.from("a/b"), 0, packetId, ...(version === 5 ? [0] : []), 0x78];
    return [PUBLISH_QOS_2, packet.length, ...packet];
  });
  return new Promise((done, failed) => {
    const socket = connect(port, "127.0.0.1");
    let answers = Buffer.alloc(0);
    socket.on("error", failed);
    socket.on("close", () => failed(new Error(`no last PUBREC: ${answers.toString("hex")}`)));
    socket.on("data", (bytes) => {
      answers = Buffer.concat([answers, Buffer.from(bytes)]);
      if (!answers.includes(LAST_PUBREC)) return;
      done();
      socket.destroy();
    });
    socket.write(Buffer.from([CONNECT, body.length, ...body, ...publishes]));
  });
}
