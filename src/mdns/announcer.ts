import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Family, Link, Multicast, MulticastSocket } from "../io/multicast.ts";
import type { Random } from "../io/random.ts";
import { LinkResponder } from "./link-responder.ts";
import type { Rr } from "./packet.ts";
import { type Announced, identityOf, namesOf, recordsOn, servicesOn } from "./records.ts";

/** How often it looks which links there are, and what is served. */
const LOOK_MS = 5_000;
/** So many lost names in a minute are somebody's joke, or a fault: then each further one has to wait (RFC 6762, section 8.1). */
const MAX_CONFLICTS = 15;
const CONFLICTS_MS = 60_000;
const CONFLICT_WAIT_MS = 5_000;
const FAMILIES: readonly Family[] = [4, 6];

export interface AnnouncerOptions {
  readonly multicast: Multicast;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What is served now. */
  readonly announced: () => Announced;
  /** Names of interfaces to announce on; empty for all but the machine's own. */
  readonly interfaces: readonly string[];
}

interface OpenLink {
  /** What it was opened for, to see whether that has changed. */
  readonly of: string;
  readonly responder: LinkResponder;
  readonly sockets: readonly MulticastSocket[];
}

/** Announces a gateway's doors by multicast DNS (RFC 6762, 6763) on every link that they are reached on. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #links = new Map<string, OpenLink>();
  /** Links that could not be had, told of once. */
  readonly #failed = new Set<string>();
  /** Records of this machine on all links, see LinkOptions.isOwn. */
  #own = new Set<string>();
  /** The name that is tried: the gateway's own, then with a number. */
  #attempt = 1;
  #conflictsMs: number[] = [];
  #timer: Timer | null = null;
  #stopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** The name that the gateway is found by. */
  get instance(): string {
    return namesOf(this.#options.announced().gatewayId, this.#attempt).instance;
  }

  start(): void {
    this.#look();
  }

  /** Takes back what was announced. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const name of [...this.#links.keys()]) this.#leave(name, "goodbye");
  }

  #look(): void {
    const { multicast, announced, interfaces, clock } = this.#options;
    const now = announced();
    const links = multicast
      .links()
      .filter(({ name, isLoopback }) => (interfaces.length === 0 ? !isLoopback : interfaces.includes(name)))
      .filter((link) => servicesOn(now.services, link).length > 0);
    this.#own = new Set(links.flatMap((link) => recordsOn(now, link, this.#attempt).records.map(identityOf)));
    const names = new Set(links.map(({ name }) => name));
    for (const name of this.#links.keys()) if (!names.has(name)) this.#leave(name, "goodbye");
    for (const link of links) {
      const of = JSON.stringify([link, now, this.#attempt]);
      const open = this.#links.get(link.name);
      if (open?.of === of) continue;
      if (open !== undefined) this.#leave(link.name, "goodbye");
      this.#enter(link, now, of);
    }
    this.#timer?.cancel();
    this.#timer = clock.after(LOOK_MS, () => this.#look());
  }

  #enter(link: Link, now: Announced, of: string): void {
    const { clock, random } = this.#options;
    const sockets: MulticastSocket[] = [];
    const responder = new LinkResponder({
      records: recordsOn(now, link, this.#attempt),
      clock,
      random,
      send: (bytes, to) => {
        for (const socket of socketsFor(sockets, families, to)) socket.send(bytes, to);
      },
      isOwn: (record: Rr) => this.#own.has(identityOf(record)),
      conflicted: () => this.#conflicted(link.name),
    });
    const families: Family[] = [];
    for (const family of FAMILIES) {
      if (!link.addresses.some((one) => one.family === family)) continue;
      const socket = this.#join(link, family, responder);
      if (socket === null) continue;
      sockets.push(socket);
      families.push(family);
    }
    if (sockets.length === 0) return;
    this.#failed.delete(link.name);
    this.#links.set(link.name, { of, responder, sockets });
    this.#options.logger.debug("announces itself", { interface: link.name, name: this.instance });
    responder.start();
  }

  #join(link: Link, family: Family, responder: LinkResponder): MulticastSocket | null {
    try {
      return this.#options.multicast.join(link, family, (datagram) => responder.hear(datagram));
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      if (!this.#failed.has(link.name)) this.#options.logger.warn("can't be announced on a link", { error });
      this.#failed.add(link.name);
      return null;
    }
  }

  #leave(name: string, how: "goodbye" | "silently"): void {
    const open = this.#links.get(name);
    if (open === undefined) return;
    this.#links.delete(name);
    if (how === "goodbye") open.responder.stop();
    else open.responder.abandon();
    for (const socket of open.sockets) socket.close();
  }

  /** Somebody else has the name, on one of the links: another is taken on all of them. */
  #conflicted(link: string): void {
    if (this.#stopped) return;
    const { clock, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#conflictsMs = [...this.#conflictsMs.filter((atMs) => nowMs - atMs < CONFLICTS_MS), nowMs];
    const before = this.instance;
    this.#attempt += 1;
    this.#leave(link, "silently");
    logger.warn("another has the name that this gateway is announced by; it takes the next one", {
      interface: link,
      name: before,
      next: this.instance,
    });
    const waitMs = this.#conflictsMs.length >= MAX_CONFLICTS ? CONFLICT_WAIT_MS : 0;
    this.#timer?.cancel();
    this.#timer = clock.after(waitMs, () => this.#look());
  }
}

/** To the group by all; to one by the socket of his kind. */
function socketsFor(
  sockets: readonly MulticastSocket[],
  families: readonly Family[],
  to: { readonly address: string } | undefined,
): readonly MulticastSocket[] {
  if (to === undefined) return sockets;
  const family = to.address.includes(":") ? 6 : 4;
  return sockets.filter((_, index) => families[index] === family);
}
