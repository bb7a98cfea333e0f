import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { HeadwaterError } from "../../base/errors.ts";
import { sameNetwork } from "../../base/ip-address.ts";
import type { Datagram, Family, Link, LinkAddress, Multicast, MulticastSocket } from "../multicast.ts";
import { messageOf } from "./host-addresses.ts";

/** Of multicast DNS (RFC 6762). Others on this machine may use the port too. */
export const MDNS_PORT = 5353;
export const MDNS_GROUP: Readonly<Record<Family, string>> = { 4: "224.0.0.251", 6: "ff02::fb" };
/** By which receivers know that nobody beyond the link has sent it. */
const HOPS = 255;
const MAX_LINKS = 32;

/** The machine's links, by multicast DNS's group and port. */
export class SystemMulticast implements Multicast {
  links(): readonly Link[] {
    const found = attempt(() => networkInterfaces()) ?? {};
    return Object.entries(found)
      .slice(0, MAX_LINKS)
      .flatMap(([name, addresses = []]) => {
        if (addresses.length === 0) return [];
        const shown = addresses.map(({ address, cidr }): LinkAddress => {
          const family = address.includes(":") ? 6 : 4;
          const bits = Number(cidr?.split("/")[1]);
          return { address, family, prefixBits: Number.isInteger(bits) ? bits : family === 4 ? 32 : 128 };
        });
        return [{ name, isLoopback: addresses.every(({ internal }) => internal), addresses: shown }];
      });
  }

  join(link: Link, family: Family, heard: (datagram: Datagram) => void): MulticastSocket {
    return new LinkSocket(link, family, heard);
  }
}

class LinkSocket implements MulticastSocket {
  readonly #group: string;
  readonly #socket: ReturnType<typeof createSocket>;
  #open = true;
  #bound = false;
  /** Sends that Bun has not made yet: even an address takes its turn through a lookup of names. */
  #sending = 0;
  readonly #early: (() => void)[] = [];

  constructor(link: Link, family: Family, heard: (datagram: Datagram) => void) {
    // An IPv6 link is named behind the address.
    const own = link.addresses.find((one) => one.family === family)?.address ?? "";
    const through = family === 4 ? own : `::%${link.name}`;
    this.#group = MDNS_GROUP[family];
    const type = family === 4 ? { type: "udp4" as const } : { type: "udp6" as const, ipv6Only: true };
    const socket = createSocket({ ...type, reuseAddr: true });
    this.#socket = socket;
    socket.on("error", () => this.close());
    socket.on("message", (bytes, { address, port }) => {
      // The kernel hands over what comes from any link: others have their own.
      if (this.#open && isFrom(link, address)) heard({ bytes, address, port });
    });
    try {
      socket.bind({ port: MDNS_PORT, exclusive: false }, () => {
        if (!this.#open) return;
        const joined = attempt(() => {
          socket.addMembership(this.#group, through);
          socket.setMulticastInterface(through);
          socket.setMulticastTTL(HOPS);
          socket.setMulticastLoopback(true);
          return true;
        });
        if (joined === null) {
          this.close();
          return;
        }
        this.#bound = true;
        for (const send of this.#early.splice(0)) send();
      });
    } catch (cause) {
      throw new HeadwaterError("NETWORK", `no multicast on ${link.name}: ${messageOf(cause)}`, { cause });
    }
  }

  send(bytes: Uint8Array, to?: { readonly address: string; readonly port: number }): void {
    const { address, port } = to ?? { address: this.#group, port: MDNS_PORT };
    const send = () => {
      if (!this.#open) return;
      this.#sending += 1;
      // A link that goes down refuses it, here or later.
      const made = attempt(() => {
        this.#socket.send(bytes, port, address, () => this.#sent());
        return true;
      });
      if (made === null) this.#sent();
    };
    if (this.#bound) send();
    else if (this.#early.length < MAX_EARLY) this.#early.push(send);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#sending === 0) attempt(() => this.#socket.close());
  }

  /** What was said before the end is heard. */
  #sent(): void {
    this.#sending -= 1;
    if (this.#sending === 0 && !this.#open) attempt(() => this.#socket.close());
  }
}

/** What is sent before the socket is bound, which takes a turn. */
const MAX_EARLY = 16;

function isFrom(link: Link, address: string): boolean {
  const [bare = "", scope] = address.split("%");
  if (scope !== undefined) return scope === link.name;
  if (isIP(bare) === 0) return false;
  return link.addresses.some((one) => sameNetwork(bare, one.address, one.prefixBits));
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
