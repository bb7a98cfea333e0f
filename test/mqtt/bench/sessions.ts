/**
 * What sessions cost that outlive their connections: 1,000 of them, each with 1,000 messages of 100 bytes that wait; their
 * memory, a restart with them, and how long it takes until they have all they waited for. Before that, what a message of
 * QoS 1 costs from one client to one other, whose session ends with its connection or does not. Run with
 * `bun test/mqtt/bench/sessions.ts [sessions] [messages]`; without sessions only the latter.
 */
import { readFileSync } from "node:fs";
import type { Socket } from "bun";
import { startHeadwater } from "../../support/headwater.ts";
import { ackPacket, connectPacket, publishPacket, subscribePacket } from "../support/rig.ts";

const SESSIONS = Number(process.argv[2] ?? 1_000);
const MESSAGES = Number(process.argv[3] ?? 1_000);
const WINDOW = 500;
const LIVE_MESSAGES = 100_000;
const PUBACK = 4;

/** A socket that hands over whole packets. */
async function dial(address: string, onPacket: (first: number, body: Buffer) => void): Promise<Socket> {
  const [hostname = "", port = ""] = address.split(":");
  let rest = Buffer.alloc(0);
  return await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_socket, chunk) {
        rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
        let at = 0;
        while (rest.length - at >= 2) {
          let length = 0;
          let head = 1;
          for (let shift = 0; ; shift += 7) {
            const byte = rest[at + head++] ?? 0;
            length |= (byte & 0x7f) << shift;
            if (byte < 0x80) break;
          }
          if (rest.length - at < head + length) break;
          onPacket(rest[at] ?? 0, rest.subarray(at + head, at + head + length));
          at += head + length;
        }
        rest = rest.subarray(at);
      },
    },
  });
}

function rssMiB(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name: string) =>
    Math.round(Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))?.[1] ?? 0) / 1024);
  return `RSS ${of("VmRSS")} MiB (anonymous ${of("RssAnon")}, files ${of("RssFile")})`;
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function subscribeAll(address: string): Promise<void> {
  for (let n = 0; n < SESSIONS; n++) {
    await new Promise<void>((resolve) => {
      const socket = dial(address, (first) => {
        void socket.then((open) => {
          if (first >> 4 === 2) open.write(subscribePacket(4, 1, [[`devices/d${n}/#`, 1]]));
          else {
            open.write(new Uint8Array([0xe0, 0]));
            open.end();
            resolve();
          }
        });
      });
      void socket.then((open) => open.write(connectPacket(4, `s${n}`, { clean: false })));
    });
  }
}

async function publishAll(address: string, total: number): Promise<void> {
  let sent = 0;
  let acknowledged = 0;
  await new Promise<void>((resolve) => {
    const socket = dial(address, (first) => {
      if (first >> 4 === PUBACK) acknowledged++;
      if (acknowledged === total) resolve();
      if (sent - acknowledged <= WINDOW / 2) void socket.then(send);
    });
    const send = (open: Socket): void => {
      const packets: Uint8Array[] = [];
      for (; sent < total && sent - acknowledged < WINDOW; sent++) {
        const payload = `${sent} `.padEnd(100, "x");
        packets.push(
          publishPacket(`devices/d${sent % Math.max(1, SESSIONS)}/t`, payload, 1, 1 + (sent % 60_000)),
        );
      }
      if (packets.length > 0) open.write(Buffer.concat(packets));
    };
    void socket.then((open) => open.write(connectPacket(4, "publisher")));
  });
}

/** One subscriber that acknowledges what it gets; resolves when it has all. */
async function listen(address: string, clean: boolean): Promise<{ readonly all: Promise<void> }> {
  let got = 0;
  let finish: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await new Promise<void>((subscribed) => {
    const socket = dial(address, (first, body) => {
      void socket.then((open) => {
        if (first >> 4 === 2) open.write(subscribePacket(4, 1, [["devices/#", 1]]));
        else if (first >> 4 === 9) subscribed();
        else if (first >> 4 === 3) open.write(ackPacket(PUBACK, body.readUInt16BE(2 + body.readUInt16BE(0))));
      });
      if (first >> 4 !== 3 || ++got < LIVE_MESSAGES) return;
      void socket.then((open) => open.end());
      finish();
    });
    void socket.then((open) => open.write(connectPacket(4, "listener", { clean })));
  });
  return { all };
}

/** CPU of the broker per message, over the publishing alone where nobody listens. */
async function live(address: string, pid: number, kind: "nobody" | "clean" | "kept"): Promise<void> {
  const listener = kind === "nobody" ? null : await listen(address, kind === "clean");
  const before = cpuMs(pid);
  await publishAll(address, LIVE_MESSAGES);
  await listener?.all;
  const us = ((cpuMs(pid) - before) * 1_000) / LIVE_MESSAGES;
  console.log(`QoS 1 to ${kind.padEnd(8)} ${us.toFixed(1).padStart(6)} us of CPU a message`);
}

async function takeAll(address: string): Promise<void> {
  await Promise.all(
    Array.from({ length: SESSIONS }, (_, n) => {
      let got = 0;
      return new Promise<void>((resolve) => {
        const socket = dial(address, (first, body) => {
          if (first >> 4 !== 3) return;
          const id = body.readUInt16BE(2 + body.readUInt16BE(0));
          void socket.then((open) => {
            open.write(ackPacket(PUBACK, id));
            if (++got < MESSAGES) return;
            open.end();
            resolve();
          });
        });
        void socket.then((open) => open.write(connectPacket(4, `s${n}`, { clean: false })));
      });
    }),
  );
}

const headwater = await startHeadwater({
  // Nobody is slower than the bounds here, on a machine that is busy.
  settings: {
    "mqtt.receive.maximum": "65535",
    "mqtt.max.queued.messages": "1000000",
    "mqtt.max.queued.bytes": "1GiB",
  },
});
async function timed(what: string, run: () => Promise<void>): Promise<void> {
  const start = performance.now();
  const before = headwater.running ? cpuMs(headwater.pid) : 0;
  await run();
  const ms = Math.round(performance.now() - start);
  const cpu = cpuMs(headwater.pid);
  console.log(
    `${what.padEnd(34)} ${String(ms).padStart(7)} ms, CPU ${cpu > before ? cpu - before : cpu} ms, ${rssMiB(headwater.pid)}`,
  );
}
try {
  for (const kind of ["nobody", "clean", "kept", "nobody", "clean", "kept"] as const) {
    await live(headwater.mqtt, headwater.pid, kind);
  }
  if (SESSIONS === 0) process.exit(await headwater.dispose().then(() => 0));
  await headwater.stop();
  await headwater.restart();
  console.log(`${SESSIONS} sessions, ${MESSAGES} messages each; before: ${rssMiB(headwater.pid)}`);
  await timed("begin and subscribe", () => subscribeAll(headwater.mqtt));
  await timed("publish", () => publishAll(headwater.mqtt, SESSIONS * MESSAGES));
  await headwater.stop();
  await timed("restart", () => headwater.restart());
  await Bun.sleep(2_000);
  console.log(`two seconds later: ${rssMiB(headwater.pid)}`);
  await timed("take all", () => takeAll(headwater.mqtt));
} finally {
  await headwater.dispose();
}
