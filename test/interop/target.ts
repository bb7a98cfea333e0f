import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHeadwater } from "../support/headwater.ts";
import { freePorts, startRealKafka } from "../support/kafka/real-kafka.ts";

/** What the clients talk to. */
export interface Target {
  /** `host:port` for Kafka clients. */
  readonly kafka: string;
  /** `host:port` for MQTT clients. */
  readonly mqtt: string;
  /** Whether what MQTT clients publish arrives in topics for Kafka clients. */
  readonly joinsBoth: boolean;
  /** Ends it without a chance to tidy up, and starts it again on its data and ports. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly autoCreateTopics?: boolean;
  /** Further settings, under names that Kafka and Headwater share. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly doors?: readonly ("kafka" | "mqtt")[];
}

/**
 * Headwater, or with INTEROP_TARGET=reference a real Apache Kafka and a real mosquitto: the tests have to pass on
 * those first, or they say nothing about Headwater.
 */
export const REFERENCE: boolean = process.env.INTEROP_TARGET === "reference";

export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  return REFERENCE ? await startReference(options) : await startGateway(options);
}

async function startGateway(options: TargetOptions): Promise<Target> {
  const gateway = await startHeadwater({
    settings: {
      "auto.create.topics.enable": String(options.autoCreateTopics ?? true),
      "num.partitions": "1",
      ...options.settings,
    },
  });
  return {
    kafka: gateway.kafka,
    mqtt: gateway.mqtt,
    joinsBoth: true,
    crash: async () => {
      await gateway.kill();
      await gateway.restart();
    },
    stop: () => gateway.dispose(),
  };
}

async function startReference(options: TargetOptions): Promise<Target> {
  const doors = options.doors ?? ["kafka", "mqtt"];
  const properties = {
    "auto.create.topics.enable": String(options.autoCreateTopics ?? true),
    "num.partitions": "1",
    ...options.settings,
  };
  const kafka = doors.includes("kafka") ? await startRealKafka({ properties }) : null;
  const mosquitto = doors.includes("mqtt") ? await startMosquitto() : null;
  return {
    kafka: kafka?.bootstrap ?? "",
    mqtt: mosquitto?.address ?? "",
    joinsBoth: false,
    crash: async () => {
      await kafka?.kill();
      await kafka?.restart();
    },
    stop: async () => {
      await kafka?.stop();
      await mosquitto?.stop();
    },
  };
}

async function startMosquitto(): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "headwater-mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "max_queued_messages 0",
    "log_type error",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const child = Bun.spawn(["mosquitto", "-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  const deadline = Date.now() + 10_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`mosquitto did not start: ${await new Response(child.stderr).text()}`);
    }
    await Bun.sleep(20);
  }
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}
