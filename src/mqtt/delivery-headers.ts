import type { Qos } from "./packets/codes.ts";
import {
  EXPIRY_HEADER,
  type HeaderBlock,
  headerBlock,
  joinBlocks,
  QOS_HEADER,
  RETAIN_HEADER,
  withCount,
} from "./record-headers.ts";
import type { Destination } from "./routes.ts";

const encoder = new TextEncoder();

/**
 * Destinations whose records say how their message was published: headers `mqtt.qos`, `mqtt.retain` and, where it had
 * one, `mqtt.message-expiry` in seconds. Those without an expiry are made once.
 */
export class DeliveryHeaders {
  readonly #to: Destination;
  /** By QoS and retain flag. */
  readonly #known: (Destination | undefined)[] = [];

  /** `to` is what is common to all of them. */
  constructor(to: Destination) {
    this.#to = to;
  }

  /** `expirySec` is -1 for none. */
  of(qos: Qos, retain: boolean, expirySec: number): Destination {
    if (expirySec >= 0) return this.#make(qos, retain, expirySec);
    const slot = qos * 2 + (retain ? 1 : 0);
    const known = this.#known[slot] ?? this.#make(qos, retain, -1);
    this.#known[slot] = known;
    return known;
  }

  #make(qos: Qos, retain: boolean, expirySec: number): Destination {
    const said: [string, Uint8Array][] = [
      [QOS_HEADER, encoder.encode(String(qos))],
      [RETAIN_HEADER, encoder.encode(String(retain))],
    ];
    if (expirySec >= 0) said.push([EXPIRY_HEADER, encoder.encode(String(expirySec))]);
    const headers: HeaderBlock = joinBlocks(this.#to.headers, headerBlock(said));
    return { ...this.#to, headers, encodedHeaders: withCount(headers), delivery: null };
  }
}
