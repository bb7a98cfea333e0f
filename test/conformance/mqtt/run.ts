import type { FakeConnection } from "../../mqtt/support/fake-network.ts";
import { toHex } from "../../mqtt/support/rig.ts";
import { FakeWorld } from "./fake-world.ts";
import { bytesOf, matches, type Pattern, type Symbols, sizeOf } from "./pattern.ts";
import type { Step } from "./steps.ts";
import type { Settings, World } from "./world.ts";

/**
 * Runs a row's steps in a world of their own, what is sent in chunks of up to so many bytes. Says at which step the
 * broker did something else, or null.
 */
export async function failureOf(
  steps: readonly Step[],
  makeWorld: (settings: Settings) => World | Promise<World> = (settings) => new FakeWorld(settings),
  chunkBytes = Number.MAX_SAFE_INTEGER,
): Promise<string | null> {
  const run = new Run(await makeWorld(settingsOf(steps)), chunkBytes);
  for (const step of steps) {
    const failure = await run.step(step);
    if (failure !== null) return `${step.place}: ${step.text}: ${failure}`;
  }
  return run.failureAtEnd();
}

function settingsOf(steps: readonly Step[]): Settings {
  const users = steps.find((step) => step.kind === "users");
  return {
    limits: Object.assign({}, ...steps.flatMap((step) => (step.kind === "limits" ? [step.limits] : []))),
    routes: steps.flatMap((step) => (step.kind === "routes" ? step.routes : [])),
    users: users === undefined ? null : users.users,
    forbidden: steps.flatMap((step) => (step.kind === "forbid" ? [step] : [])),
  };
}

/** One end of a connection, with what it has got and no step has taken yet. */
interface Peer {
  readonly connection: FakeConnection;
  readonly isWeb: boolean;
  unread: Uint8Array;
  /** Whether a step has said that it is over. */
  over: boolean;
}

class Run {
  readonly #world: World;
  readonly #chunkBytes: number;
  readonly #peers = new Map<string, Peer>();
  readonly #symbols: Symbols = new Map();

  constructor(world: World, chunkBytes: number) {
    this.#world = world;
    this.#chunkBytes = chunkBytes;
  }

  /** Says what was wrong, or null. */
  async step(step: Step): Promise<string | null> {
    switch (step.kind) {
      case "limits":
      case "routes":
      case "users":
      case "forbid":
        return null;
      case "refuse":
        return this.#world.refuse(step.topic, step.error) ? null : UNABLE;
      case "send":
        this.#send(this.#peer(step.client), bytesOf(step.bytes, this.#symbols, step.place));
        return this.#settle();
      case "expect":
        return this.#expect(this.#peer(step.client), step.packet);
      case "web":
        this.#dial(step.client, true);
        return null;
      case "breaks":
        this.#peer(step.client).over = true;
        this.#peer(step.client).connection.break();
        return this.#settle();
      case "silent":
        return silent(this.#peer(step.client));
      case "closed":
        return closed(this.#peer(step.client));
      case "hold":
        this.#world.hold();
        return null;
      case "round":
        if (step.topic === null) this.#world.release();
        else if (!this.#world.settleTopic(step.topic)) return UNABLE;
        return this.#settle();
      case "wait":
        this.#world.clock.advance(step.durationMs);
        return this.#settle();
      case "logged":
        return logged(this.#world.records, step.records);
      case "restart":
        for (const peer of this.#peers.values()) peer.over = true;
        await this.#world.restart();
        return this.#settle();
    }
  }

  /** Nobody may have got what no step has spoken of, nor have lost its connection. */
  failureAtEnd(): string | null {
    for (const [name, peer] of this.#peers) {
      const failure = silent(peer);
      if (failure !== null) return `at the end, client ${name}: ${failure}`;
      if (!peer.over && peer.connection.closed) return `at the end, client ${name}: the broker has closed it`;
    }
    return null;
  }

  async #settle(): Promise<null> {
    await this.#world.settle();
    return null;
  }

  #send(peer: Peer, bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += this.#chunkBytes) {
      peer.connection.feed(bytes.slice(start, start + this.#chunkBytes));
    }
  }

  #peer(name: string): Peer {
    return this.#peers.get(name) ?? this.#dial(name, false);
  }

  #dial(name: string, isWeb: boolean): Peer {
    const connection = this.#world.dial(isWeb);
    const peer = { connection, isWeb, unread: new Uint8Array(0), over: false };
    this.#peers.set(name, peer);
    return peer;
  }

  #expect(peer: Peer, pattern: Pattern): string | null {
    receive(peer);
    // The frames and the handshake of WebSocket are no packets: there as many bytes are taken as the step has.
    const size = peer.isWeb ? (sizeOf(pattern) ?? peer.unread.length) : packetSize(peer.unread);
    const got = peer.unread.subarray(0, size);
    if (!matches(pattern, got, this.#symbols)) return `got ${got.length === 0 ? "nothing" : shown(got)}`;
    peer.unread = peer.unread.subarray(size);
    return null;
  }
}

function silent(peer: Peer): string | null {
  receive(peer);
  return peer.unread.length > 0 ? `got ${shown(peer.unread)}` : null;
}

function closed(peer: Peer): string | null {
  peer.over = true;
  return silent(peer) ?? (peer.connection.closed ? null : "the connection is open");
}

function logged(got: number, expected: number): string | null {
  return got === expected ? null : `${got} records are in the log`;
}

const UNABLE = "this world can't";

function receive(peer: Peer): void {
  peer.unread = Buffer.concat([peer.unread, peer.connection.take()]);
}

/** The size of the first packet of a stream, as its fixed header says. */
function packetSize(stream: Uint8Array): number {
  let length = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = stream[at] ?? 0;
    length |= (byte & 0x7f) << (7 * (at - 1));
    if (byte < 0x80) return at + 1 + length;
  }
  return stream.length;
}

const MAX_SHOWN_BYTES = 300;

function shown(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, MAX_SHOWN_BYTES))
    .toString("latin1")
    .replace(/[^ -~]/g, ".");
  return `${toHex(bytes.subarray(0, MAX_SHOWN_BYTES))}  ${text}`;
}
