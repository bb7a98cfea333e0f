import type { Client } from "../client.ts";
import { readDisconnect } from "../packets/acks.ts";
import { Reason } from "../packets/codes.ts";
import { DurableSession } from "../sessions/durable/durable-session.ts";

/**
 * DISCONNECT (MQTT 5, 3.14): the will is discarded (MQTT-3.14.4-3) unless the reason is 0x04, or any other that
 * is not a normal end. A session expiry in it counts in place of that of CONNECT (3.14.2.2.2).
 */
export function handleDisconnect(client: Client): void {
  const { door, version } = client;
  if (version === null) return;
  const { reader, properties, limits } = door;
  const reason = readDisconnect(reader, version, properties, limits.maxProperties);
  if (reason < 0) {
    if (reader.fault !== null) client.refuse(reader.fault);
    return;
  }
  if (properties.sessionExpirySec > 0 && client.sessionExpirySec === 0) {
    // MQTT 5, 3.14.2.2.2
    client.refuse({ reason: Reason.PROTOCOL_ERROR, what: "a session expiry where there was none" });
    return;
  }
  const { session } = client;
  if (properties.hasSessionExpiry && session instanceof DurableSession) {
    session.expirySec = Math.min(properties.sessionExpirySec, limits.maxSessionExpirySec);
  }
  client.finish(reason === Reason.SUCCESS ? "discard" : "publish");
}
