import { DEFAULT_FLEET, Fleet, type FleetTls } from "../../devices/simulator/fleet.ts";
import { readLedgers, writeLedgers } from "../../devices/simulator/ledger.ts";
import { prove } from "../../devices/simulator/verify-command.ts";
import type { StatusAnswer } from "../../src/cli/http/requests.ts";
import type { RealKafka } from "../../test/support/kafka/real-kafka.ts";
import type { CardMachine } from "./card-machine.ts";
import type { Finding } from "./report.ts";
import type { UpdateFiles } from "./updates.ts";

export interface TrialParts {
  readonly machine: CardMachine;
  readonly kafka: RealKafka;
  /** The topic at the centre that this gateway's readings go to. */
  readonly topic: string;
  readonly devices: number;
  readonly tls: FleetTls;
  readonly say: (text: string) => void;
}

const BOOT_LIMIT_MS = 600_000;
const RECOVERY_LIMIT_MS = 300_000;
const ARRIVAL_LIMIT_MS = 300_000;
const WORK_MS = 15_000;
const STALL_MS = 60_000;

/**
 * What is done to one gateway in the field, while its fleet publishes by mutual TLS: everything from its first start to what
 * ends most gateways. A trial that fails is a finding like any other; those behind it go on.
 */
export class Trial {
  readonly findings: Finding[] = [];
  readonly #parts: TrialParts;
  readonly #fleet: Fleet;

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.#fleet = new Fleet({
      ...DEFAULT_FLEET,
      port: parts.machine.ports.mqtts,
      devices: parts.devices,
      tls: parts.tls,
    });
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  /** Does one thing; it throws where it is not as it should be, and gives a sentence about what it saw, with the time it took. */
  async finding(what: string, act: () => Promise<readonly [string, number | null]>): Promise<boolean> {
    const { say, machine } = this.#parts;
    say(`${machine.model.name}: ${what}`);
    try {
      const [detail, tookMs] = await act();
      this.findings.push({ what, ok: true, tookMs, detail });
      say(
        `${machine.model.name}:   ok${tookMs === null ? "" : ` after ${(tookMs / 1000).toFixed(1)} s`}${detail === "" ? "" : `: ${detail}`}`,
      );
      return true;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.findings.push({ what, ok: false, tookMs: null, detail });
      say(`${machine.model.name}:   FAILED: ${detail}`);
      return false;
    }
  }

  /** Until readings of the fleet are acknowledged, all doors serve and the service has not restarted meanwhile. */
  async flowing(limitMs = RECOVERY_LIMIT_MS): Promise<number> {
    const { machine, devices } = this.#parts;
    const before = this.#fleet.totals().acked;
    const enough = before + devices;
    const [, tookMs] = await machine.until("readings are acknowledged again", limitMs, async () => {
      const ready = await machine.get("/readyz");
      return ready?.status === 200 && this.#fleet.totals().acked >= enough ? true : null;
    });
    return tookMs;
  }

  async ready(limitMs = BOOT_LIMIT_MS): Promise<number> {
    const { machine } = this.#parts;
    let last = "";
    try {
      const [, tookMs] = await machine.until("ready", limitMs, async () => {
        const answer = await machine.get("/readyz");
        if (answer !== null) last = `${answer.status} ${String(answer.body)}`;
        return answer?.status === 200 ? true : null;
      });
      return tookMs;
    } catch (error) {
      throw new Error(
        `/readyz said last: ${last || "nothing"}; ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  async status(): Promise<StatusAnswer> {
    const answer = await this.#parts.machine.get("/api/status");
    if (answer?.status !== 200) throw new Error(`/api/status: ${JSON.stringify(answer)}`);
    return answer.body as StatusAnswer;
  }

  async kill(): Promise<readonly [string, number]> {
    await this.#parts.machine.must("systemctl kill --signal=KILL headwater");
    return [await this.#restarts(), await this.flowing()];
  }

  /** The process stands still: systemd has to notice, since nobody else does. */
  async hang(): Promise<readonly [string, number]> {
    const { machine } = this.#parts;
    const before = await this.#count();
    await machine.must("systemctl kill --signal=STOP headwater");
    const [, tookMs] = await machine.until("restarted by its watchdog", RECOVERY_LIMIT_MS, async () =>
      (await this.#count()) > before ? true : null,
    );
    await this.flowing();
    return ["restarted by systemd's watchdog", tookMs];
  }

  async powerCut(clock?: string): Promise<readonly [string, number]> {
    const { machine } = this.#parts;
    await machine.cutPower();
    machine.switchOn(clock);
    const startMs = performance.now();
    await this.ready();
    await this.flowing();
    return ["", Math.round(performance.now() - startMs)];
  }

  /** Another program fills the card to the last byte. */
  async fullDisk(): Promise<readonly [string, number]> {
    const { machine } = this.#parts;
    const restarts = await this.#count();
    await machine.must(
      "fallocate -l $(($(df --output=avail -B1 /var/lib | tail -1) - 65536)) /var/lib/fill; dd if=/dev/zero of=/var/lib/fill2 bs=4096 count=100000 2>/dev/null; df -B1 /var/lib | tail -1",
    );
    await Bun.sleep(WORK_MS * 2);
    const during = await machine.get("/readyz");
    const said = String(during?.body ?? "nothing").trim();
    if ((await this.#count()) !== restarts)
      throw new Error(`the service ended on the full disk; /readyz: ${said}`);
    await machine.must("rm -f /var/lib/fill /var/lib/fill2");
    const tookMs = await this.flowing();
    return [`meanwhile /readyz: ${during?.status} ${said}`, tookMs];
  }

  /** A running clock that is set: forwards, as after a start without a battery, and back a little. */
  async timeJump(): Promise<readonly [string, number | null]> {
    const { machine } = this.#parts;
    await machine.must("systemctl stop systemd-timesyncd; date -s '+3 hours'");
    await Bun.sleep(WORK_MS);
    await machine.must("date -s '-3 hours -2 minutes'");
    await Bun.sleep(WORK_MS);
    const tookMs = await this.flowing();
    await machine.must("date -s '+2 minutes'; systemctl start systemd-timesyncd");
    const { clock } = await this.status();
    return [`the clock as the gateway sees it: ${JSON.stringify(clock)}`, tookMs];
  }

  /** The centre is away for a while. */
  async outage(): Promise<readonly [string, number]> {
    const { kafka, machine } = this.#parts;
    await kafka.kill();
    await Bun.sleep(WORK_MS * 2);
    await kafka.restart();
    const [, tookMs] = await machine.until("caught up", RECOVERY_LIMIT_MS, () =>
      this.#caughtUp(this.#parts.devices * 5),
    );
    return ["", tookMs];
  }

  /** Takes a version that is good, by the command that people type. */
  async update({ keys, good, goodVersion }: UpdateFiles): Promise<readonly [string, number]> {
    const { machine } = this.#parts;
    await machine.put(keys, "/etc/headwater/update-keys.pem");
    await machine.put(good, "/var/tmp/good.update");
    const startMs = performance.now();
    const said = await machine.must(this.#updateCommand("/var/tmp/good.update"));
    const tookMs = Math.round(performance.now() - startMs);
    const { version } = await this.status();
    if (version !== goodVersion) throw new Error(`it runs ${version}, and said: ${said}`);
    await this.flowing();
    return [lastLine(said), tookMs];
  }

  /** Takes one that does nothing once it is started: the one before has to come back, and says so. */
  async failingUpdate({ bad, goodVersion }: UpdateFiles): Promise<readonly [string, number]> {
    const { machine } = this.#parts;
    await machine.put(bad, "/var/tmp/bad.update");
    const startMs = performance.now();
    const { status, output } = await machine.asRoot(this.#updateCommand("/var/tmp/bad.update"));
    const tookMs = Math.round(performance.now() - startMs);
    const { version } = await this.status();
    if (status === 0 || version !== goodVersion)
      throw new Error(`it runs ${version}; status ${status}: ${output}`);
    await this.flowing();
    return [lastLine(output), tookMs];
  }

  async rollback({ packagedVersion }: UpdateFiles): Promise<readonly [string, number]> {
    const { machine } = this.#parts;
    const startMs = performance.now();
    const said = await machine.must(this.#updateCommand("--rollback"));
    await machine.until("the version before runs", RECOVERY_LIMIT_MS, async () => {
      const answer = await machine.get("/api/status");
      return answer?.status === 200 && (answer.body as StatusAnswer).version === packagedVersion
        ? true
        : null;
    });
    await this.flowing();
    return [lastLine(said), Math.round(performance.now() - startMs)];
  }

  #updateCommand(what: string): string {
    return `runuser -u headwater -- headwater update ${what} --config /etc/headwater/headwater.toml 2>&1`;
  }

  async memory(): Promise<string> {
    const { machine } = this.#parts;
    const resident = await machine.must(
      "grep -E 'VmRSS|VmHWM' /proc/$(systemctl show --property=MainPID --value headwater)/status | tr -s '\\t ' ' ' | paste -sd,",
    );
    return `${resident}; ${this.#fleet.totals().connected} devices connected by TLS`;
  }

  /** Ends the fleet, and waits until nothing waits to be forwarded. */
  async settle(): Promise<readonly [string, number]> {
    await this.#fleet.stop(30_000);
    const [, tookMs] = await this.#parts.machine.until("all is forwarded", ARRIVAL_LIMIT_MS, () =>
      this.#caughtUp(0),
    );
    const { acked, breaks } = this.#fleet.totals();
    return [`${acked} readings were acknowledged; ${breaks} connections broke`, tookMs];
  }

  /** Holds the gateway's own log, and the centre's topic, against what the devices know. */
  async proof(place: "gateway" | "centre"): Promise<readonly [string, null]> {
    const { machine, kafka, topic } = this.#parts;
    const [host = "", port = "0"] =
      place === "centre" ? kafka.bootstrap.split(":") : ["127.0.0.1", String(machine.ports.kafka)];
    const from = {
      bootstrap: [{ host, port: Number(port) }],
      topic: place === "centre" ? topic : "telemetry",
      isolation: "read_committed",
      stallMs: STALL_MS,
    } as const;
    const proof = await prove(from, readLedgers(writeLedgers(this.#fleet.ledgers)), { waitMs: 30_000 });
    if (!proof.ok) throw new Error(JSON.stringify(proof));
    return [`${proof.found} readings`, null];
  }

  async #caughtUp(most: number): Promise<true | null> {
    try {
      const { uplinks } = await this.status();
      const lag = uplinks[0]?.lagRecords ?? null;
      return lag !== null && lag <= most ? true : null;
    } catch {
      return null;
    }
  }

  async #restarts(): Promise<string> {
    return `restarted by systemd ${await this.#count()} times since it was switched on`;
  }

  async #count(): Promise<number> {
    const { status, output } = await this.#parts.machine.asRoot(
      "systemctl show --property=NRestarts --value headwater",
    );
    return status === 0 ? Number(output.trim()) : -1;
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
