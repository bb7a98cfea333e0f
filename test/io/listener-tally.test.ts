import { afterEach, describe, expect, test } from "bun:test";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import {
  type ConnectionHandler,
  type Listener,
  type ListenerTally,
  type Network,
  newListenerTally,
  type TlsServer,
} from "../../src/io/network.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedNetwork } from "../../src/io/simulated/network.ts";
import { issue, newAuthority } from "../support/certificates.ts";

const LIMITS = { maxQueuedBytes: 1 << 24 };
const QUIET: ConnectionHandler = { data() {}, drained() {}, closed() {} };
const LARGE_BYTES = 3_000_000;

const open: { close(): void }[] = [];
afterEach(() => {
  for (const item of open.splice(0)) item.close();
});

/** A listener that answers each chunk with what `answer` gives, and accepts so many connections. */
function listen(network: Network, tally: ListenerTally, max: number, tls?: TlsServer): Listener {
  let accepted = 0;
  const listener = network.listen({
    ...{ name: "test", host: "127.0.0.1", port: 0, limits: LIMITS, tally },
    ...(tls === undefined ? {} : { tls }),
    accept: (connection) => {
      accepted += 1;
      if (accepted > max) return null;
      return { ...QUIET, data: () => connection.send(new Uint8Array(LARGE_BYTES)) };
    },
  });
  open.push(listener);
  return listener;
}

interface Tried {
  readonly network: Network;
  /** Lets what is under way happen until the condition holds. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

const TURNS = 20_000;

function real(): Tried {
  const until = async (condition: () => boolean) => {
    for (let turn = 0; !condition() && turn < TURNS; turn++) await Bun.sleep(1);
  };
  return { network: new SystemNetwork(new SystemClock()), until };
}

function simulated(): Tried {
  const clock = new ManualClock();
  const until = async (condition: () => boolean) => {
    for (let turn = 0; !condition() && turn < TURNS; turn++) {
      clock.advance(1);
      await Promise.resolve();
    }
  };
  return { network: new SimulatedNetwork(clock), until };
}

describe.each([
  ["the machine's network", real],
  ["the simulated network", simulated],
])("%s counts for a listener", (_name, make) => {
  test("connections that are open, accepted and refused, and bytes both ways, queued ones once", async () => {
    const { network, until } = make();
    const tally = newListenerTally();
    const { port } = listen(network, tally, 1);
    let received = 0;
    const handler = { ...QUIET, data: (chunk: Uint8Array) => (received += chunk.length) };
    const dial = () =>
      network.connect({ host: "127.0.0.1", port, timeoutMs: 5_000, limits: LIMITS, handler });
    const first = dial();
    await until(() => tally.accepted === 1);
    const connection = await first;
    connection.send(new Uint8Array(10));
    connection.flush();
    await until(() => received === LARGE_BYTES);
    expect(tally).toMatchObject({
      open: 1,
      accepted: 1,
      refused: 0,
      receivedBytes: 10,
      sentBytes: LARGE_BYTES,
    });
    const second = dial();
    await until(() => tally.refused === 1);
    await second.catch(() => null);
    expect(tally).toMatchObject({ open: 1, accepted: 2, refused: 1 });
    connection.close();
    await until(() => tally.open === 0);
    expect(tally).toMatchObject({ open: 0, accepted: 2, refused: 1, handshakes: 0, failedHandshakes: 0 });
  });
});

test("handshakes that are good, and connections that end without one, none of them twice", async () => {
  const { network, until } = real();
  const authority = newAuthority();
  const { certificate, key } = issue(authority, {
    commonName: "localhost",
    dns: ["localhost"],
    ip: [127, 0, 0, 1],
  });
  const server: TlsServer = {
    ...{ certificate, key, authorities: authority.certificate, revocations: null },
    ...{ clientCertificate: "required", minVersion: "1.2", protocols: [] },
  };
  const tally = newListenerTally();
  const { port } = listen(network, tally, 9, server);
  const own = issue(authority, { commonName: "device-1" });
  const dial = (shown: { certificate: string; key: string } | null) =>
    network.connect({
      ...{ host: "127.0.0.1", port, timeoutMs: 5_000, limits: LIMITS, handler: QUIET },
      tls: {
        ...{ serverName: "localhost", checkName: true, authorities: authority.certificate },
        ...{ certificate: shown?.certificate ?? null, key: shown?.key ?? null },
      },
    });
  const good = await dial(own);
  await until(() => tally.handshakes === 1);
  const rogue = issue(newAuthority(), { commonName: "device-1" });
  await dial(rogue).catch(() => null);
  await until(() => tally.failedHandshakes === 1);
  // Somebody who speaks no TLS at all, and one who leaves before he has said anything.
  const plain = await network.connect({
    host: "127.0.0.1",
    port,
    timeoutMs: 5_000,
    limits: LIMITS,
    handler: QUIET,
  });
  plain.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  plain.flush();
  await until(() => tally.failedHandshakes === 2);
  const shy = await network.connect({
    host: "127.0.0.1",
    port,
    timeoutMs: 5_000,
    limits: LIMITS,
    handler: QUIET,
  });
  await until(() => tally.accepted === 4);
  shy.close();
  await until(() => tally.failedHandshakes === 3);
  expect(tally).toMatchObject({ open: 1, accepted: 4, handshakes: 1, failedHandshakes: 3, refused: 0 });
  good.close();
  await until(() => tally.open === 0);
  expect(tally).toMatchObject({ open: 0, failedHandshakes: 3 });
});
