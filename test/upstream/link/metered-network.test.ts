import { describe, expect, test } from "bun:test";
import type { Connection, ConnectionHandler } from "../../../src/io/network.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedNetwork } from "../../../src/io/simulated/network.ts";
import { MeteredNetwork } from "../../../src/upstream/link/metered-network.ts";
import { WireMeter } from "../../../src/upstream/link/wire-meter.ts";

const LIMITS = { maxQueuedBytes: 1_000_000 };
const PORT = 9_000;

/** A peer that counts what comes, and answers every chunk with `answerBytes`. */
async function rig(rate: number | null, answerBytes = 0) {
  const clock = new ManualClock();
  const network = new SimulatedNetwork(clock, { maxChunkBytes: 512 });
  const meter = new WireMeter();
  if (rate !== null) meter.setRate(rate, clock.monotonicMs());
  const arrived: Uint8Array[] = [];
  let peer: Connection | null = null;
  network.listen({
    host: "127.0.0.1",
    port: PORT,
    limits: { maxQueuedBytes: 100_000_000 },
    accept: (connection) => {
      peer = connection;
      return {
        data: (chunk) => {
          arrived.push(chunk.slice());
          if (answerBytes > 0) connection.send(new Uint8Array(answerBytes));
        },
        drained: () => {},
        closed: () => {},
      };
    },
  });
  const metered = new MeteredNetwork(network, clock, meter);
  const seen = { received: 0, closed: [] as (Error | null)[] };
  const handler: ConnectionHandler = {
    data: (chunk) => {
      seen.received += chunk.length;
    },
    drained: () => {},
    closed: (error) => seen.closed.push(error),
  };
  const connect = () =>
    metered.connect({ host: "127.0.0.1", port: PORT, timeoutMs: 1_000, limits: LIMITS, handler });
  const opening = connect();
  await clock.settleAll();
  const connection = await opening;
  const pass = async (ms: number): Promise<void> => {
    for (let done = 0; done < ms; done += 10) {
      clock.advance(10);
      await clock.settleAll();
    }
  };
  const arrivedBytes = () => arrived.reduce((sum, { length }) => sum + length, 0);
  return { clock, meter, connection, connect, seen, arrived, arrivedBytes, pass, peer: () => peer };
}

describe("a metered connection", () => {
  test("without a limit passes all at once, and counts both directions", async () => {
    const { connection, meter, pass, arrivedBytes, seen } = await rig(null, 7);
    connection.send(new Uint8Array(1_000));
    await pass(50);
    expect(arrivedBytes()).toBe(1_000);
    expect([meter.sentBytes, meter.receivedBytes]).toEqual([1_000, seen.received]);
    expect(seen.received).toBeGreaterThan(0);
  });

  test("writes no faster than its rate, in order, and nothing is lost", async () => {
    const { connection, pass, arrived, arrivedBytes, meter } = await rig(1_000);
    const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
    for (let at = 0; at < bytes.length; at += 3_000) connection.send(bytes.subarray(at, at + 3_000));
    await pass(10_000);
    expect(arrivedBytes()).toBeGreaterThan(9_700);
    expect(arrivedBytes()).toBeLessThanOrEqual(10_050);
    await pass(11_000);
    expect(Buffer.concat(arrived).equals(bytes)).toBe(true);
    expect(meter.sentBytes).toBe(20_000);
  });

  test("pays for what comes in before more goes out", async () => {
    const { connection, pass, meter } = await rig(1_000, 150);
    for (let count = 0; count < 30; count += 1) connection.send(new Uint8Array(1_000));
    await pass(20_000);
    expect(meter.receivedBytes).toBeGreaterThan(2_000);
    expect(meter.totalBytes).toBeLessThanOrEqual(20_000 * 1.02 + 200);
    expect(meter.totalBytes).toBeGreaterThan(20_000 * 0.97);
  });

  test("has a peer that sends too much wait", async () => {
    const { pass, meter, peer } = await rig(1_000);
    peer()?.send(new Uint8Array(200_000));
    await pass(30_000);
    // What is in the kernel's buffers has come already.
    expect(meter.receivedBytes).toBeLessThan(100_000);
    expect(meter.receivedBytes).toBeGreaterThan(29_000);
  });

  test("takes turns with another one", async () => {
    const { connection, connect, clock, pass, meter } = await rig(1_000);
    const opening = connect();
    await clock.settleAll();
    const other = await opening;
    connection.send(new Uint8Array(100_000));
    other.send(new Uint8Array(500));
    await pass(1_500);
    expect(other.queuedBytes).toBe(0);
    expect(connection.queuedBytes).toBeGreaterThan(90_000);
    expect(meter.sentBytes).toBeLessThan(1_600);
  });

  test("that is given more than may wait is closed with a reason", async () => {
    const { connection, seen, pass } = await rig(1_000);
    connection.send(new Uint8Array(900_000));
    connection.send(new Uint8Array(200_000));
    await pass(20);
    expect(connection.closed).toBe(true);
    expect(seen.closed.map((error) => error?.message)).toEqual(["1000000 bytes wait for 127.0.0.1:9000"]);
  });

  test("that is closed writes nothing more", async () => {
    const { connection, arrivedBytes, pass } = await rig(1_000);
    connection.send(new Uint8Array(50_000));
    await pass(500);
    connection.abort();
    const before = arrivedBytes();
    await pass(5_000);
    expect(arrivedBytes()).toBe(before);
    expect(connection.queuedBytes).toBe(0);
  });
});
