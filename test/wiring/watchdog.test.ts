import { describe, expect, test } from "bun:test";
import mqtt from "mqtt";
import { silentLogger } from "../../src/base/logger.ts";
import type { AcceptLook } from "../../src/io/accept-queues.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { Watchdog } from "../../src/wiring/watchdog.ts";
import { NotifySocket } from "../io/bun/notify-socket.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

const PERIOD_MS = 30_000;
const [KAFKA, MQTT] = [9092, 1883];

/** A watchdog over a gateway of which a test says what it does. */
class Rig {
  readonly clock = new ManualClock();
  readonly messages: string[] = [];
  readonly errors: string[] = [];
  committingSinceMs: number | null = null;
  hindrances: readonly string[] = [];
  /** Whether the supervisor takes what it is told. */
  hears = true;
  look: AcceptLook | null = { listening: new Set([KAFKA, MQTT]), waiting: new Map() };
  readonly watchdog: Watchdog;

  constructor(given: { readonly watchdogMs?: number | null; readonly bugs?: string } = {}) {
    this.watchdog = new Watchdog({
      supervisor: {
        watchdogMs: given.watchdogMs === undefined ? PERIOD_MS : given.watchdogMs,
        notify: (...assignments) => {
          if (this.hears) this.messages.push(assignments.join("\n"));
          return this.hears;
        },
      },
      clock: this.clock,
      logger: { ...silentLogger, error: (_, fields) => this.errors.push(String(fields?.reason)) },
      queues: { look: () => this.look },
      addresses: { kafka: `0.0.0.0:${KAFKA}`, mqtt: `[::1]:${MQTT}` },
      committingSinceMs: () => this.committingSinceMs,
      hindrances: () => this.hindrances,
      bugs: given.bugs ?? "",
    });
  }

  /** Whether it is fed once `durationMs` have passed and in the period that follows. */
  fedAfter(durationMs: number): boolean {
    this.clock.advance(durationMs);
    this.messages.length = 0;
    this.clock.advance(PERIOD_MS);
    return this.messages.includes("WATCHDOG=1");
  }

  waiting(...names: readonly string[]): void {
    this.look = { listening: new Set([KAFKA, MQTT]), waiting: new Map(names.map((name) => [name, MQTT])) };
  }
}

/** What a hang is: told to a rig that has served for a while, it must end the feeding. */
const HANGS: Readonly<Record<string, (rig: Rig) => void>> = {
  commits: (rig) => {
    rig.committingSinceMs = rig.clock.monotonicMs();
  },
  "a door that accepts nobody": (rig) => rig.waiting("client 1"),
  "a door that is gone": (rig) => {
    rig.look = { listening: new Set([KAFKA]), waiting: new Map() };
  },
};
const BLIND: Readonly<Record<string, string>> = {
  commits: "blind-to-commits",
  "a door that accepts nobody": "blind-to-doors",
  "a door that is gone": "blind-to-doors",
};

describe("feeding stops with progress", () => {
  for (const [name, hang] of Object.entries(HANGS)) {
    const fedThroughHang = (bugs: string) => {
      const rig = new Rig({ bugs });
      rig.watchdog.start();
      expect(rig.fedAfter(100 * PERIOD_MS)).toBe(true);
      hang(rig);
      return rig.fedAfter(PERIOD_MS + 1);
    };

    test(`${name}: a watchdog that does not look would feed on`, () => {
      expect(fedThroughHang("")).toBe(false);
      expect(fedThroughHang(BLIND[name] ?? "")).toBe(true);
    });

    test(`${name}: less than a period is no hang, and the log says once what one is`, () => {
      const rig = new Rig();
      rig.watchdog.start();
      hang(rig);
      rig.clock.advance(PERIOD_MS / 3);
      expect(rig.messages.at(-1)).toBe("WATCHDOG=1");
      rig.clock.advance(4 * PERIOD_MS);
      expect(rig.errors).toHaveLength(1);
      expect(rig.errors[0]).toMatch(/not on the disk|does not listen|accepted nobody/);
      rig.committingSinceMs = null;
      rig.waiting();
      expect(rig.fedAfter(PERIOD_MS)).toBe(true);
    });
  }
});

test("busy is not hung: rounds that end, and clients that wait but are let in", () => {
  const rig = new Rig();
  rig.watchdog.start();
  for (let client = 0; client < 50; client++) {
    rig.committingSinceMs = rig.clock.monotonicMs();
    rig.waiting(`client ${client}`, `client ${client + 1}`);
    rig.clock.advance(PERIOD_MS / 3);
    expect(rig.messages.at(-1)).toBe("WATCHDOG=1");
  }
  expect(rig.errors).toEqual([]);
});

test("fed often enough that two beats in a row may be lost", () => {
  const rig = new Rig();
  rig.watchdog.start();
  rig.clock.advance(10 * PERIOD_MS - 1);
  expect(rig.messages.filter((message) => message === "WATCHDOG=1")).toHaveLength(30);
});

test("where nobody can see the queues, the rest still counts", () => {
  const rig = new Rig();
  rig.look = null;
  rig.watchdog.start();
  expect(rig.fedAfter(PERIOD_MS)).toBe(true);
  rig.committingSinceMs = rig.clock.monotonicMs();
  expect(rig.fedAfter(PERIOD_MS + 1)).toBe(false);
});

test("ready is said until it is heard, the state when it changes, and the end", () => {
  const rig = new Rig({ watchdogMs: null });
  rig.hears = false;
  rig.watchdog.start();
  rig.hears = true;
  rig.clock.advance(60_000);
  const doors = `kafka=0.0.0.0:${KAFKA} mqtt=[::1]:${MQTT}`;
  expect(rig.messages).toEqual([`READY=1\nSTATUS=serving ${doors}`]);
  rig.hindrances = ["the disk is full:\nrecords are refused", "x".repeat(1000)];
  rig.clock.advance(60_000);
  expect(rig.messages[1]).toStartWith(
    "READY=1\nSTATUS=serving, but the disk is full: records are refused; xxx",
  );
  expect(rig.messages[1]?.split("\n")).toHaveLength(2);
  expect(rig.messages[1]?.length).toBeLessThan(600);
  rig.watchdog.stop();
  rig.watchdog.stop();
  rig.clock.advance(10 * PERIOD_MS);
  expect(rig.messages.slice(2)).toEqual(["STOPPING=1\nSTATUS=stopping"]);
});

test("a reload has a beginning and an end, also one that fails", () => {
  const rig = new Rig();
  rig.watchdog.start();
  rig.messages.length = 0;
  const broken = () => {
    rig.messages.push("reload");
    throw new Error("broken");
  };
  expect(() => rig.watchdog.reloading(broken)).toThrow("broken");
  const [first, second, third] = rig.messages;
  expect([first, second, third?.split("\n")[0]]).toEqual(["RELOADING=1", "reload", "READY=1"]);
});

test("an unknown deliberate bug is refused", () => {
  expect(() => new Rig({ bugs: "sleepy" })).toThrow("sleepy");
});

/** Of the processes below. */
const SHORT_PERIOD_MS = 600;
const DISTURBED_MS = 20_000;

describe("a gateway in a process of its own", () => {
  const supervised = async (
    bug: string,
    use: (gateway: Headwater, socket: NotifySocket) => Promise<void>,
  ): Promise<void> => {
    const socket = new NotifySocket(`@headwater-watchdog-${process.pid}-${bug}`);
    const gateway = await startHeadwater({
      environment: {
        NOTIFY_SOCKET: socket.path,
        WATCHDOG_USEC: String(SHORT_PERIOD_MS * 1000),
        ...(bug === "" ? {} : { HEADWATER_TEST_BUG: bug }),
      },
    });
    let failed = true;
    try {
      await socket.next((message) => message.startsWith("READY=1\nSTATUS=serving kafka=127.0.0.1:"));
      await socket.next((message) => message === "WATCHDOG=1");
      await use(gateway, socket);
      failed = false;
    } finally {
      if (gateway.running) process.kill(gateway.pid, "SIGCONT");
      await gateway.dispose(failed);
      socket.close();
    }
  };

  /** No beat comes any more, once the log has said why. */
  const expectStarved = async (gateway: Headwater, socket: NotifySocket, reason: string): Promise<void> => {
    for (const end = Date.now() + DISTURBED_MS; !gateway.log().includes(reason) && Date.now() < end; ) {
      await Bun.sleep(20);
    }
    expect(gateway.log()).toContain(reason);
    socket.take();
    await Bun.sleep(2 * SHORT_PERIOD_MS);
    expect(socket.take()).toEqual([]);
  };

  test("is fed while it serves, says when it reloads and when it stops", async () => {
    await supervised("", async (gateway, socket) => {
      for (let beat = 0; beat < 5; beat++) await socket.next((message) => message === "WATCHDOG=1");
      process.kill(gateway.pid, "SIGHUP");
      await socket.next((message) => message === "RELOADING=1");
      await socket.next((message) => message.startsWith("READY=1\n"));
      expect(await gateway.stop()).toBe(0);
      expect(socket.take()).toContain("STOPPING=1\nSTATUS=stopping");
    });
  }, 60_000);

  test("whose event loop stands still starves", async () => {
    await supervised("", async (gateway, socket) => {
      process.kill(gateway.pid, "SIGSTOP");
      await expectStarved(gateway, socket, "");
      process.kill(gateway.pid, "SIGCONT");
      await socket.next((message) => message === "WATCHDOG=1");
    });
  }, 60_000);

  test("whose sync never ends starves, and says why", async () => {
    await supervised("hang-journal-sync", async (gateway, socket) => {
      const device = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, { reconnectPeriod: 0 });
      const publishing = (async () => {
        for (let i = 0; i < 40; i++) await device.publishAsync("devices/pump-1/pressure", "4.2", { qos: 1 });
      })();
      const outcome = publishing.then(() => "acknowledged", String);
      await expectStarved(gateway, socket, "what was appended is not on the disk after");
      await gateway.kill();
      await device.endAsync(true);
      expect(await outcome).not.toBe("acknowledged");
    });
  }, 60_000);

  test("that can take no more connections starves, and says why", async () => {
    await supervised("", async (gateway, socket) => {
      // As a process out of descriptors is: accept(2) fails, and clients wait in the kernel's queue.
      const limit = Bun.spawnSync(["prlimit", "--pid", String(gateway.pid), "--nofile=4:"]);
      expect(limit.exitCode).toBe(0);
      const [hostname = "", port = ""] = gateway.mqtt.split(":");
      const client = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
      await expectStarved(gateway, socket, "the door mqtt has accepted nobody for");
      await gateway.kill();
      client.end();
    });
  }, 60_000);
});
