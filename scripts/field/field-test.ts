/**
 * Gateways in the field, without the field: boots the card image on emulated machines, lets a fleet publish to it by mutual
 * TLS, and does to it what ends most gateways, while a real Apache Kafka is the centre. Writes a report; see scripts/field-test.
 *
 *     bun scripts/field/field-test.ts --image CARD --ssh-key KEY [--machine a53|a76]... [--devices 10] [--report FILE]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../../package.json";
import { prepareGuests } from "../../test/arm/system/guest.ts";
import { issue, newAuthority } from "../../test/support/certificates.ts";
import { freePorts, type RealKafka, startRealKafka } from "../../test/support/kafka/real-kafka.ts";
import { CardMachine, type Model } from "./card-machine.ts";
import { type MachineReport, reportText } from "./report.ts";
import { Trial } from "./trial.ts";
import { makeUpdates, type UpdateFiles } from "./updates.ts";

/** A Raspberry Pi Zero 2 W or 3, and a 5, whose kernel has pages of 16 KiB. */
const MODELS: readonly Model[] = [
  { name: "a53", processor: "cortex-a53", memoryMiB: 512, pages: "4k" },
  { name: "a76", processor: "cortex-a76", memoryMiB: 1024, pages: "16k" },
];
/** This machine, as the emulated ones see it. */
const HOST = "10.0.2.2";
const FLOW_MS = 30_000;

const { values } = parseArgs({
  options: {
    image: { type: "string" },
    "ssh-key": { type: "string" },
    machine: { type: "string", multiple: true, default: MODELS.map(({ name }) => name) },
    devices: { type: "string", default: "10" },
    trial: { type: "string", multiple: true, default: [] },
    keep: { type: "boolean", default: false },
    report: { type: "string", default: "dist/field-report.md" },
  },
});
const { image, "ssh-key": sshKey } = values;
if (image === undefined || sshKey === undefined) throw new Error("--image and --ssh-key have to be given");
const models = values.machine.map((name) => {
  const model = MODELS.find((one) => one.name === name);
  if (model === undefined)
    throw new Error(`--machine ${name}: there are ${MODELS.map((one) => one.name).join(", ")}`);
  return model;
});
const devices = Number(values.devices);
if (!(devices >= 1 && devices <= 1000))
  throw new Error(`--devices ${values.devices}: write a number from 1 to 1000`);

const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
const reports: MachineReport[] = [];
const work = mkdtempSync(join(tmpdir(), "headwater-field-"));
const authority = newAuthority("Field authority");
await prepareGuests();
const [port = 0] = await freePorts(1);
const kafka = await startRealKafka({
  listeners: [{ name: "FIELD", protocol: "PLAINTEXT", port, advertisedHost: HOST }],
  properties: {
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,FIELD:PLAINTEXT",
  },
});
try {
  for (const model of models) {
    const machine = await CardMachine.create(model, image, sshKey);
    try {
      reports.push(await tryOut(machine, kafka));
    } finally {
      const kept = await machine.dispose(values.keep);
      if (kept !== "") say(`${model.name}: its card is kept: ${kept}`);
    }
    writeFileSync(values.report, reportText(version, Date.now(), reports));
  }
} finally {
  await kafka.stop();
  rmSync(work, { recursive: true });
}
say(`written: ${values.report}`);
const failed = reports.flatMap(({ findings }) => findings.filter(({ ok }) => !ok)).length;
console.log(`${reports.flatMap(({ findings }) => findings).length - failed} ok, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function tryOut(machine: CardMachine, centre: RealKafka): Promise<MachineReport> {
  const { name, processor, memoryMiB, pages } = machine.model;
  const topic = `telemetry.${name}`;
  const files = makeFiles(machine, topic);
  const tls = { ca: authority.certificate, credentials: files.deviceCredentials };
  const trial = new Trial({ machine, kafka: centre, topic, devices, tls, say });
  const { fleet } = trial;
  try {
    const comesUp = await trial.finding("the image boots, and the service comes up by itself", async () => {
      machine.switchOn();
      return ["", await trial.ready()];
    });
    if (!comesUp) return { machine: name, findings: trial.findings };
    await trial.finding("nothing of the system failed", async () => {
      const failedUnits = await machine.must(
        "systemctl --failed --no-legend --plain | cut -d' ' -f1 | paste -sd' '",
      );
      if (failedUnits !== "") throw new Error(failedUnits);
      return [
        await machine.must(
          ". /etc/os-release; echo $PRETTY_NAME, $(uname -r), $(getconf PAGESIZE) bytes a page",
        ),
        null,
      ];
    });
    await trial.finding("its fleet publishes by mutual TLS", async () => {
      for (const [target, path] of files.targets) {
        await machine.put(path, target, "root:headwater", "640");
      }
      await machine.must("systemctl restart headwater");
      await trial.ready();
      fleet.start();
      const tookMs = await trial.flowing();
      await Bun.sleep(FLOW_MS);
      return [`${fleet.totals().connected} of ${devices} devices connected`, tookMs];
    });
    for (const [trialName, what, act] of trials(trial, join(work, name))) {
      if (values.trial.length === 0 || values.trial.includes(trialName)) await trial.finding(what, act);
    }
    await trial.finding("memory", async () => [await trial.memory(), null]);
    await trial.finding("everything is forwarded", () => trial.settle());
    await trial.finding("the gateway's log has every acknowledged reading once and in order", () =>
      trial.proof("gateway"),
    );
    await trial.finding("so has the centre", () => trial.proof("centre"));
  } finally {
    await fleet.stop(0);
  }
  return { machine: `${processor}, ${memoryMiB} MiB, ${pages} pages`, findings: trial.findings };
}

type Deed = readonly [name: string, what: string, act: () => Promise<readonly [string, number | null]>];

function trials(trial: Trial, folder: string): readonly Deed[] {
  let updates: UpdateFiles | null = null;
  const files = async () => {
    updates ??= makeUpdates(folder, (await trial.status()).version);
    return updates;
  };
  return [
    ["kill", "killed", () => trial.kill()],
    ["hang", "hangs", () => trial.hang()],
    ["outage", "the centre is away", () => trial.outage()],
    ["power", "power cut", () => trial.powerCut()],
    ["1970", "starts with a clock in 1970", () => trial.powerCut("1970-01-01")],
    ["clock", "the clock jumps", () => trial.timeJump()],
    ["disk", "disk full to the last byte", () => trial.fullDisk()],
    ["update", "an update", async () => trial.update(await files())],
    ["update", "power cut after it", () => trial.powerCut()],
    ["update", "an update that hangs", async () => trial.failingUpdate(await files())],
    ["update", "the version before, by hand", async () => trial.rollback(await files())],
  ];
}

interface Files {
  /** Place on the gateway and file here. */
  readonly targets: readonly (readonly [string, string])[];
  readonly deviceCredentials: (device: string) => { readonly certificate: string; readonly key: string };
}

function makeFiles(machine: CardMachine, topic: string): Files {
  const { name } = machine.model;
  const folder = join(work, name);
  mkdirSync(folder);
  const own = issue(authority, { commonName: name, ip: [127, 0, 0, 1], dns: ["localhost"] });
  const contents: Record<string, string> = {
    "/etc/headwater/ca.crt": authority.certificate,
    "/etc/headwater/gateway.crt": own.certificate,
    "/etc/headwater/gateway.key": own.key,
    "/etc/headwater/headwater.toml": config(machine, topic),
  };
  const targets = Object.entries(contents).map(([target, content], index) => {
    const path = join(folder, String(index));
    writeFileSync(path, content);
    return [target, path] as const;
  });
  const issued = new Map<string, { certificate: string; key: string }>();
  return {
    targets,
    deviceCredentials(device) {
      const one = issued.get(device) ?? issue(authority, { commonName: device });
      issued.set(device, one);
      return one;
    },
  };
}

function config(machine: CardMachine, topic: string): string {
  return `gateway.id = "${machine.model.name}"
kafka.listen = "0.0.0.0:9092"
kafka.advertised = "127.0.0.1:${machine.ports.kafka}"
http.listen = "0.0.0.0:8080"
http.records = "any"
mqtt.tls.listen = "0.0.0.0:8883"
mqtt.tls.client.auth = "required"
tls.certificate.file = "/etc/headwater/gateway.crt"
tls.key.file = "/etc/headwater/gateway.key"
tls.ca.file = "/etc/headwater/ca.crt"
security.anonymous = "deny"
commit.linger.ms = 20
update.gate.ms = "2m"

[uplink.central]
bootstrap = ["${HOST}:${port}"]

[[uplink.central.route]]
topics = ["telemetry"]
topic = "${topic}"
`;
}
