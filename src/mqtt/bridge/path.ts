import { Property } from "../packets/properties.ts";

/**
 * The way that a message has come, as a user property: `GATEWAY/BRIDGE` of every bridge that it went through, with
 * commas between them. A gateway that finds itself in it has had the message before. MQTT 5 only; in records it
 * is a header of the same name, which is how a bridge knows what it brought in itself.
 */
export const PATH_PROPERTY = "headwater-path";

/** A way longer than this leads nowhere: the message goes no further. */
export const MAX_HOPS = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NAME = encoder.encode(PATH_PROPERTY);

/** One step of the way. With a token, which comes behind a colon, one message is told from all others. */
export function hopOf(gatewayId: string, bridge: string, token: string | null = null): string {
  return token === null ? `${gatewayId}/${bridge}` : `${gatewayId}/${bridge}:${token}`;
}

/** The steps of the way in the properties of a message, without tokens; empty where they name none. */
export function pathOf(properties: Uint8Array | null): readonly string[] {
  return stepsOf(properties).map((step) => step.replace(/:.*$/, ""));
}

/** The steps of the way, with tokens, as a record's header has them. */
export function stepsOfHeader(header: Uint8Array): readonly string[] {
  return decoder.decode(header).split(",");
}

function stepsOf(properties: Uint8Array | null): readonly string[] {
  if (properties === null) return [];
  for (let at = 0; at < properties.length; ) {
    const end = propertyEnd(properties, at);
    if (isPath(properties, at)) {
      const value = at + 3 + NAME.length + 2;
      return decoder.decode(properties.subarray(value, end)).split(",");
    }
    at = end;
  }
  return [];
}

/** The properties with the way one step longer. */
export function withHop(properties: Uint8Array | null, hop: string): Uint8Array {
  const value = encoder.encode([...stepsOf(properties), hop].join(","));
  const kept = properties === null ? [] : withoutPath(properties);
  const size = kept.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(size + 1 + 2 + NAME.length + 2 + value.length);
  let at = 0;
  for (const part of kept) {
    all.set(part, at);
    at += part.length;
  }
  all[at++] = Property.USER_PROPERTY;
  for (const field of [NAME, value]) {
    all[at++] = field.length >> 8;
    all[at++] = field.length & 0xff;
    all.set(field, at);
    at += field.length;
  }
  return all;
}

/** Whether the message has been at this gateway, or on a way that does not end. */
export function hasLooped(path: readonly string[], gatewayId: string): boolean {
  return path.length >= MAX_HOPS || path.some((hop) => hop.startsWith(`${gatewayId}/`));
}

function withoutPath(properties: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < properties.length; ) {
    const end = propertyEnd(properties, at);
    if (!isPath(properties, at)) parts.push(properties.subarray(at, end));
    at = end;
  }
  return parts;
}

function isPath(properties: Uint8Array, at: number): boolean {
  if (properties[at] !== Property.USER_PROPERTY || u16(properties, at + 1) !== NAME.length) return false;
  return NAME.every((byte, index) => properties[at + 3 + index] === byte);
}

/** Where the property of a PUBLISH ends that begins at `at`: only those that are kept with a message. */
export function propertyEnd(properties: Uint8Array, at: number): number {
  switch (properties[at]) {
    case Property.PAYLOAD_FORMAT:
      return at + 2;
    case Property.USER_PROPERTY: {
      const value = at + 3 + u16(properties, at + 1);
      return value + 2 + u16(properties, value);
    }
    default:
      return at + 3 + u16(properties, at + 1);
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
