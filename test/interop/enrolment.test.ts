import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { run, runWell } from "./clients/run.ts";

/** From a list of gateways at the centre to a record of one of them there: the real programs, and nothing by hand. */
const TEST_MS = 60_000;
const top = mkdtempSync(join(tmpdir(), "headwater-enrolment-"));
const centre = join(top, "centre");
const started: Headwater[] = [];
const children: Bun.Subprocess[] = [];

afterAll(async () => {
  for (const child of children) child.kill();
  for (const child of children) await child.exited;
  for (const headwater of started) await headwater.dispose();
  rmSync(top, { recursive: true, force: true });
}, TEST_MS);

const headwater = (...args: readonly string[]) => runWell([...headwaterCommand(), ...args]);
const edit = (path: string, change: (text: string) => string) =>
  writeFileSync(path, change(readFileSync(path, "utf8")));

async function start(
  name: string,
  settings: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Headwater> {
  const one = await startHeadwater({ dataFolder: join(top, name), settings, arguments: args });
  started.push(one);
  return one;
}

/** Starts letting gateways in; gives the port. */
async function serveEnrolment(): Promise<string> {
  const command = [
    ...headwaterCommand(),
    "enrolment",
    "serve",
    "--folder",
    centre,
    "--listen",
    "127.0.0.1:0",
  ];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  children.push(child);
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    const port = /ready enrolment=127\.0\.0\.1:(\d+)\n/.exec(text)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error(`it does not serve: ${text}`);
}

test(
  "a list of gateways is issued, one of them enrols by its file, and its records reach the centre",
  async () => {
    await headwater(
      "enrolment",
      "init",
      "--folder",
      centre,
      "--url",
      "https://localhost:1",
      "--bootstrap",
      "127.0.0.1:1",
    );
    const tls = {
      "kafka.tls.listen": "127.0.0.1:0",
      "kafka.tls.client.auth": "required",
      "tls.certificate.file": join(centre, "tls/gateway.pem"),
      "tls.key.file": join(centre, "tls/gateway.key"),
      "tls.ca.file": join(centre, "tls/authority.pem"),
    };
    const central = await start("central-data", tls);
    const kafkaTls = /kafkaTls=(\S+)/.exec(central.log())?.[1] ?? "";
    edit(join(centre, "enrolment/template.toml"), (text) =>
      text.replace(`"127.0.0.1:1"`, JSON.stringify(kafkaTls)).replace("0.0.0.0:8883", "127.0.0.1:0"),
    );
    const port = await serveEnrolment();
    edit(join(centre, "enrolment/centre.json"), (text) => text.replace("localhost:1", `localhost:${port}`));
    writeFileSync(join(top, "gateways.csv"), "gateway,site\nplant-1,north\nplant-2,south\n");
    const cards = join(top, "cards");
    const issued = [
      "enrolment",
      "issue",
      "--folder",
      centre,
      "--list",
      join(top, "gateways.csv"),
      "--out",
      cards,
    ];
    expect((await headwater(...issued)).match(/ issued /g)).toHaveLength(2);
    expect(await headwater(...issued)).not.toContain(" issued ");

    const folder = join(top, "plant-1");
    const file = join(cards, "plant-1.enrolment");
    const copy = join(top, "copy.enrolment");
    writeFileSync(copy, readFileSync(file));
    await headwater("enrol", "--wait", "--file", file, "--folder", folder);
    expect(existsSync(file)).toBe(false);
    const other = await run([...headwaterCommand(), "enrol", "--file", copy, "--folder", join(top, "thief")]);
    expect([other.status, other.errors]).toEqual([1, expect.stringContaining("by another key")]);
    const states = JSON.parse(await headwater("enrolment", "ls", "--folder", centre, "-o", "json"));
    expect(states.map(({ gateway, state }: Record<string, string>) => `${gateway} ${state}`).sort()).toEqual([
      "plant-1 used",
      "plant-2 open",
    ]);

    const gateway = await start("plant-1-data", {}, "--config", join(folder, "headwater.toml"));
    await runWell([
      ...headwaterCommand(),
      "produce",
      "telemetry",
      "-b",
      gateway.kafka,
      "-k",
      "pump-1",
      "-v",
      "4.2 bar",
    ]);
    const read = ["consume", "telemetry", "-b", central.kafka, "--from", "earliest", "-n", "1", "-o", "json"];
    let record = "";
    for (const until = Date.now() + 30_000; record === "" && Date.now() < until; await Bun.sleep(100)) {
      record = (await run([...headwaterCommand(), ...read, "--exit"])).output;
    }
    expect(JSON.parse(record)).toMatchObject({ key: "pump-1", value: "4.2 bar" });
    expect(record).toContain("plant-1");
  },
  TEST_MS,
);

test(
  "a gateway whose centre is not there yet waits, and whoever answers in its place is not believed",
  async () => {
    const url = readFileSync(join(centre, "enrolment/centre.json"), "utf8");
    const port = /localhost:(\d+)/.exec(url)?.[1] ?? "";
    const out = await headwater("enrolment", "issue", "plant-9", "--set", "site=x", "--folder", centre);
    const token = /hw1\.\S+/.exec(out)?.[0] ?? "";
    const asked = (at: string, text: string) =>
      run([
        ...headwaterCommand(),
        "enrol",
        "--centre",
        `https://localhost:${at}`,
        "--token",
        text,
        "--folder",
        join(top, "plant-9"),
      ]);
    expect(await asked("1", token)).toMatchObject({
      status: 3,
      errors: expect.stringContaining("is the centre reached"),
    });
    const wrong = `${token.slice(0, -43)}${"A".repeat(43)}`;
    expect(await asked(port, wrong)).toMatchObject({
      status: 1,
      errors: expect.stringContaining("its authority is not the one"),
    });
    expect(await asked(port, token)).toMatchObject({ status: 0, output: expect.stringContaining("plant-9") });
  },
  TEST_MS,
);
