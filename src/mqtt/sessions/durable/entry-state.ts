import type { LiveMessage } from "../outbound.ts";

/** Packet identifiers from 1; a sequence and the one this many later have the same. */
export const PACKET_IDS = 65_535;
/** The slot of an entry whose message is not needed any more, or is nowhere but in the packet. */
export const NO_SLOT = 0xffff_ffff;

/** What an entry under way waits for, in its flags: PUBACK or PUBREC, its PUBREC to be durable, PUBCOMP, nothing. */
export const STATE_MASK = 0x60;
export const SENT = 0x00;
export const RECEIVED = 0x20;
export const RELEASED = 0x40;
export const DONE = 0x60;
/** Sent for the connection alone: nothing is left of it after that. */
export const OFFERED = 0x80;

export function isDone(flags: number): boolean {
  return (flags & STATE_MASK) === DONE;
}

/** From 1 to 65,535. */
export function packetIdOf(sequence: number): number {
  return 1 + (sequence % PACKET_IDS);
}

/** Seconds until a message expires, 0 where it has, -1 where it never does. MQTT-3.3.2-6: less the time it waited. */
export function secondsLeft(message: LiveMessage, nowMs: number): number {
  if (message.expiresAtMs === Number.POSITIVE_INFINITY) return -1;
  return Math.max(0, Math.ceil((message.expiresAtMs - nowMs) / 1_000));
}
