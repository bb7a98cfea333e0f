import { kafkaTool } from "../../support/kafka/real-kafka.ts";

/** What a group member is told. Programs get it as JSON in their argument. */
export interface MemberRequest {
  readonly bootstrap: string;
  readonly group: string;
  readonly topic: string;
  /** Its client id. */
  readonly name: string;
  /** `group.instance.id`, or null. */
  readonly instance: string | null;
  /** "range", or "cooperative-sticky" where the client has it. */
  readonly strategy: string;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
}

/** What a member has read. */
export interface MemberRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** How to run one kind of client as a member of a group. */
export interface MemberKind {
  readonly name: string;
  missing(): string | null;
  command(request: MemberRequest): readonly string[];
  /** A line of output as a record, or null. Default: JSON. */
  readonly parse?: (line: string) => MemberRecord | null;
  /** Whether it tells which partitions it has. */
  readonly tellsAssignments: boolean;
  /** Whether it can share a group with other clients by the range strategy. */
  readonly mixes: boolean;
  readonly cooperates: boolean;
  readonly canBeStatic: boolean;
  /** Ends where no broker is to be reached for a moment. */
  readonly givesUp?: boolean;
}

/** kcat and the console consumer print `partition offset value`. */
function fromPlainLine(line: string): MemberRecord | null {
  const [, partition = "", offset = "", value = ""] =
    /^(?:Partition:)?(\d+)\s(?:Offset:)?(\d+)\s(.*)$/.exec(line) ?? [];
  return partition === "" ? null : { partition: Number(partition), offset: Number(offset), value };
}

export function programMember(
  name: string,
  command: readonly string[],
  missing: () => string | null,
  can: { readonly mixes?: boolean; readonly cooperates?: boolean; readonly canBeStatic?: boolean } = {},
): MemberKind {
  return {
    name,
    missing,
    tellsAssignments: true,
    mixes: can.mixes ?? true,
    cooperates: can.cooperates ?? false,
    canBeStatic: can.canBeStatic ?? true,
    command: (request) => [...command, JSON.stringify(request)],
  };
}

export function kcatMember(missing: () => string | null): MemberKind {
  return {
    name: "kcat",
    missing,
    givesUp: true,
    parse: fromPlainLine,
    tellsAssignments: false,
    mixes: true,
    cooperates: true,
    canBeStatic: true,
    command: (request) => {
      const settings = {
        "auto.offset.reset": "earliest",
        "session.timeout.ms": request.sessionTimeoutMs,
        "heartbeat.interval.ms": request.heartbeatMs,
        "partition.assignment.strategy": request.strategy,
        "client.id": request.name,
        "auto.commit.interval.ms": 200,
        ...(request.instance === null ? {} : { "group.instance.id": request.instance }),
      };
      const flags = Object.entries(settings).flatMap(([key, value]) => ["-X", `${key}=${value}`]);
      const format = ["-u", "-q", "-f", "%p %o %s\n"];
      return ["kcat", "-b", request.bootstrap, ...flags, ...format, "-G", request.group, request.topic];
    },
  };
}

export function javaMember(missing: () => string | null): MemberKind {
  return {
    name: "java",
    missing,
    parse: fromPlainLine,
    tellsAssignments: false,
    mixes: true,
    cooperates: true,
    canBeStatic: true,
    command: (request) => {
      const strategies: Readonly<Record<string, string>> = {
        range: "org.apache.kafka.clients.consumer.RangeAssignor",
        "cooperative-sticky": "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
      };
      const settings = {
        "auto.offset.reset": "earliest",
        "session.timeout.ms": request.sessionTimeoutMs,
        "heartbeat.interval.ms": request.heartbeatMs,
        "partition.assignment.strategy": strategies[request.strategy],
        "client.id": request.name,
        "auto.commit.interval.ms": 200,
        ...(request.instance === null ? {} : { "group.instance.id": request.instance }),
      };
      const flags = Object.entries(settings).flatMap(([key, value]) => [
        "--command-property",
        `${key}=${value}`,
      ]);
      const shown = ["partition", "offset", "value"].flatMap((what) => [
        "--formatter-property",
        `print.${what}=true`,
      ]);
      const [program = "java", ...rest] = kafkaTool("org.apache.kafka.tools.consumer.ConsoleConsumer");
      const place = [
        "--bootstrap-server",
        request.bootstrap,
        "--topic",
        request.topic,
        "--group",
        request.group,
      ];
      return [program, "-Dstdout.encoding=UTF-8", ...rest, ...place, ...flags, ...shown];
    },
  };
}

/** A running member: what it has read so far, and which partitions it was given last. */
export class Member {
  readonly kind: MemberKind;
  readonly records: MemberRecord[] = [];
  assigned: readonly number[] | null = null;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #reading: Promise<void>;
  #errors = "";

  constructor(kind: MemberKind, request: MemberRequest) {
    this.kind = kind;
    this.#child = Bun.spawn([...kind.command(request)], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.#reading = this.#read();
    void new Response(this.#child.stderr).text().then((text) => {
      this.#errors = text;
    });
  }

  /** Ends it as its users do: it leaves the group. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 20_000);
    await this.#child.exited;
    clearTimeout(kill);
    await this.#reading;
  }

  /** Ends it without a word to the broker. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    await this.#reading;
  }

  /** Throws where it has ended by itself. */
  expectAlive(): void {
    if (this.#child.exitCode === null) return;
    throw new Error(`${this.kind.name} ended with ${this.#child.exitCode}: ${this.#errors.slice(-2000)}`);
  }

  async #read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
  }

  #take(line: string): void {
    if (this.kind.parse !== undefined) {
      const record = this.kind.parse(line);
      if (record !== null) this.records.push(record);
      return;
    }
    if (!line.startsWith("{")) return;
    const said = JSON.parse(line) as Partial<MemberRecord> & { readonly assigned?: readonly number[] };
    if (said.assigned !== undefined) this.assigned = said.assigned;
    if (said.value !== undefined) this.records.push(said as MemberRecord);
  }
}
