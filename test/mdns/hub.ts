import type { Datagram, Family, Link, Multicast, MulticastSocket } from "../../src/io/multicast.ts";
import type { ManualClock } from "../../src/io/simulated/clock.ts";
import { decodePacket, type Packet } from "../../src/mdns/packet.ts";

interface Joined {
  readonly host: Host;
  readonly link: string;
  readonly family: Family;
  readonly heard: (datagram: Datagram) => void;
}

/** One link that hosts are on, in memory; what is sent to the group comes to all of them, the sender included. */
export class Hub {
  readonly #clock: ManualClock;
  readonly #joined = new Set<Joined>();
  /** All that went over it, with who it was for where that was one alone. */
  readonly sent: {
    readonly packet: Packet;
    readonly from: string;
    readonly to: string | null;
    readonly atMs: number;
  }[] = [];
  /** Datagrams are lost while this is so. */
  isDown = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  join(joined: Joined): () => void {
    this.#joined.add(joined);
    return () => this.#joined.delete(joined);
  }

  get members(): number {
    return this.#joined.size;
  }

  /** From an address that may be nobody's here. */
  send(
    bytes: Uint8Array,
    from: string,
    to: { address: string; port: number } | null = null,
    port = 5353,
  ): void {
    const packet = decodePacket(bytes);
    if (packet !== null)
      this.sent.push({ packet, from, to: to?.address ?? null, atMs: this.#clock.monotonicMs() });
    if (this.isDown) return;
    for (const { host, link, family, heard } of [...this.#joined]) {
      const own = host.addressOf(link, family);
      if ((from.includes(":") ? 6 : 4) !== family || (to !== null && to.address !== own)) continue;
      this.#clock.soon(() => heard({ bytes, address: from, port }));
    }
  }

  /** Responses to the group since the last call. */
  take(): readonly Packet[] {
    return this.sent
      .splice(0)
      .flatMap(({ packet, to }) => (to === null && packet.isResponse ? [packet] : []));
  }
}

/** A machine on links. */
export class Host implements Multicast {
  readonly #hubs: ReadonlyMap<string, Hub>;
  shown: Link[];

  constructor(links: readonly (readonly [Hub, Link])[]) {
    this.#hubs = new Map(links.map(([hub, { name }]) => [name, hub]));
    this.shown = links.map(([, link]) => link);
  }

  links(): readonly Link[] {
    return this.shown;
  }

  addressOf(link: string, family: Family): string {
    const found = this.shown.find(({ name }) => name === link);
    return found?.addresses.find((one) => one.family === family)?.address ?? "";
  }

  join(link: Link, family: Family, heard: (datagram: Datagram) => void): MulticastSocket {
    const hub = this.#hubs.get(link.name);
    if (hub === undefined) throw new Error(`no link ${link.name}`);
    const leave = hub.join({ host: this, link: link.name, family, heard });
    const own = this.addressOf(link.name, family);
    return { send: (bytes, to) => hub.send(bytes, own, to ?? null), close: leave };
  }
}

export function link(name: string, ...addresses: readonly string[]): Link {
  return {
    name,
    isLoopback: name === "lo",
    addresses: addresses.map((address) => ({
      address,
      family: address.includes(":") ? 6 : 4,
      prefixBits: address.includes(":") ? 64 : 24,
    })),
  };
}
