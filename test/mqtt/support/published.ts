/** A PUBLISH of MQTT 3.1.1 that a client got. */
export interface PublishedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

/** The PUBLISHes of QoS 0 in what a client of MQTT 3.1.1 was sent, in their order; other packets are passed over. */
export function publishedMessages(stream: Uint8Array): PublishedMessage[] {
  const messages: PublishedMessage[] = [];
  for (let at = 0; at < stream.length; ) {
    const first = stream[at++] ?? 0;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = stream[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const body = stream.subarray(at, at + length);
    at += length;
    if (first >> 4 !== 3) continue;
    if ((first & 6) !== 0) throw new Error("a PUBLISH that is not of QoS 0");
    const topicLength = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
    messages.push({
      topic: Buffer.from(body.subarray(2, 2 + topicLength)).toString(),
      payload: Uint8Array.from(body.subarray(2 + topicLength)),
      retain: (first & 1) === 1,
    });
  }
  return messages;
}
