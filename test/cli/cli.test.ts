import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeadwaterError } from "../../src/base/errors.ts";
import type { Command } from "../../src/cli/command.ts";
import { allCommands } from "../../src/cli/commands.ts";
import { exitCodeOf, UsageError } from "../../src/cli/exit-codes.ts";
import { run } from "./support.ts";

const COMMANDS = [
  "serve",
  "topic list",
  "topic create",
  "topic describe",
  "topic delete",
  "produce",
  "consume",
  "uplink status",
  "bridge status",
  "doctor",
  "config print",
  "config check",
  "config docs",
  "version",
];

describe("help", () => {
  for (const command of COMMANDS) {
    test(command, async () => {
      for (const flag of ["--help", "-h"]) {
        const { code, out, err } = await run([...command.split(" "), flag]);
        expect([code, err]).toEqual([0, ""]);
        expect(out).toContain(`Usage: headwater ${command}`);
        expect(out).toContain("--output text|json");
        for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
      }
    });
  }

  test("of the whole names every command and exit code", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toContain(`\n  ${command.split(" ")[0]}`);
    for (const exit of ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "8 ", "70"])
      expect(out).toContain(`\n  ${exit}`);
    expect((await run(["help"])).out).toBe(out);
  });

  test("nothing asked: help on standard error, and the exit code of a wrong command line", async () => {
    for (const args of [[], ["topic"], ["config"]]) {
      const { code, out, err } = await run(args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toContain("Commands:");
    }
  });

  test("headwater help topic create", async () => {
    expect((await run(["help", "topic", "create"])).out).toContain("Usage: headwater topic create NAME");
  });
});

test("no command takes an option that it does not have, nor one for another's value", async () => {
  const all: Command[][] = [];
  const walk = (path: readonly Command[]): void => {
    const commands = path.at(-1)?.commands ?? [];
    if (commands.length === 0) all.push([...path]);
    for (const command of commands) walk([...path, command]);
  };
  walk([allCommands("headwater")]);
  expect(all.length).toBeGreaterThan(30);
  for (const [, ...path] of all) {
    const command = path.at(-1);
    const words = path.map(({ name }) => name);
    const arguments_ = Array.from({ length: command?.minPositionals ?? 0 }, () => "x");
    const unknown = await run([...words, ...arguments_, "--no-such-option"]);
    expect({ words, ...unknown }).toMatchObject({
      code: 2,
      err: expect.stringContaining("--no-such-option"),
    });
    const flag = command?.flags?.find(({ value }) => value !== undefined);
    if (flag === undefined) continue;
    const swallowed = await run([...words, ...arguments_, `--${flag.name}`, "--help"]);
    const err = expect.stringContaining(`--${flag.name} needs a value`);
    expect({ words, ...swallowed }).toMatchObject({ code: 2, err });
  }
});

describe("wrong command lines end with 2 and say what was meant", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["servr", "did you mean headwater serve?"],
    ["xyzzyx", "there are serve, init, enrol, certificate, enrolment, topic, produce"],
    ["topic lst", "did you mean headwater topic list?"],
    ["serve --kafak x", "there is no option --kafak; did you mean --kafka?"],
    ["serve -q", "there is no option -q"],
    ["serve --data", "--data needs a value: --data DIR"],
    ["serve --data a --data b", "--data is there twice"],
    ["serve extra", '"extra" is one argument too many'],
    ["topic create", "an argument is missing: NAME"],
    ["topic list --all=3", "--all takes no value"],
    ["version -o yaml", "--output yaml: write text or json"],
    ["topic create t -p x", "--partitions x: write a whole number"],
    ["topic create t --config x", "--config x: write KEY=VALUE"],
    ["topic list -b nowhere", "--bootstrap nowhere: no port in it"],
    ["consume t -f nothing", "--format nothing: write plain, json, csv, hex or a template"],
    ["consume t -f %q", "--format: %q is not known"],
    ["consume t --from yesterday", "--from yesterday: write earliest, latest, an offset"],
    ["consume t --from 3 --tail 3", "--from and --tail exclude each other"],
    ["produce t -z brotli", "--compression: write one of none, gzip"],
    ["produce t -k a -K b", "--key and --key-separator exclude each other"],
    ["produce t -H x", "--header x: write NAME=VALUE"],
    ["produce t --timestamp soon", "--timestamp soon: write"],
    ["uplink status --http 8080", "--http 8080: no host before the port"],
    ["bridge status --http 8080", "--http 8080: no host before the port"],
  ];
  for (const [line, expected] of cases) {
    test(line, async () => {
      const { code, out, err } = await run(line.split(" "));
      expect([code, out]).toEqual([2, ""]);
      expect(err).toContain(expected);
    });
  }
});

test("exit codes by error", () => {
  const cases: readonly (readonly [unknown, number])[] = [
    [new UsageError("x"), 2],
    [new HeadwaterError("CONFIG_INVALID", "x"), 2],
    [new HeadwaterError("NETWORK", "x"), 3],
    [new HeadwaterError("TIMED_OUT", "x"), 3],
    [new HeadwaterError("DATA_FOLDER_LOCKED", "x"), 4],
    [new HeadwaterError("DATA_FORMAT_UNKNOWN", "x"), 4],
    [new HeadwaterError("DISK_IO", "x"), 5],
    [new HeadwaterError("LOG_FENCED", "x"), 5],
    [new HeadwaterError("DISK_FULL", "x"), 5],
    [new HeadwaterError("PORT_TAKEN", "x"), 6],
    [new TypeError("x"), 70],
  ];
  for (const [error, code] of cases) expect(exitCodeOf(error)).toBe(code);
});

test("version", async () => {
  expect((await run(["version"])).out).toStartWith("headwater 1.2.3 (bun ");
  expect((await run(["--version"])).out).toStartWith("headwater 1.2.3");
  expect(JSON.parse((await run(["version", "-o", "json"])).out).version).toBe("1.2.3");
});

describe("config", () => {
  test("print, with file, environment and flags", async () => {
    const folder = mkdtempSync(join(tmpdir(), "headwater-cli-"));
    const file = join(folder, "g.toml");
    writeFileSync(file, 'gateway.id = "g"\nnum.partitions = 3\n');
    try {
      const env = { HEADWATER_CONFIG: file, HEADWATER_NUM_PARTITIONS: "4", HEADWATER_TYPO: "x" };
      const text = await run(["config", "print", "--mqtt", "off"], { env });
      expect(text.code).toBe(0);
      expect(text.out).toContain(`gateway.id = "g"  # ${file}:1\n`);
      expect(text.out).toContain("num.partitions = 4  # environment HEADWATER_NUM_PARTITIONS\n");
      expect(text.out).toContain('mqtt.listen = "off"  # --mqtt\n');
      expect(text.err).toContain("HEADWATER_TYPO is no setting");
      const json = JSON.parse((await run(["config", "print", "-c", file, "-o", "json"])).out);
      expect(json.settings["num.partitions"]).toEqual({ value: 3, source: `${file}:2` });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("check tells every problem, and looks at nothing but the file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "headwater-cli-"));
    const file = join(folder, "g.toml");
    try {
      writeFileSync(file, 'log.level = "loud"\nwhat = 1\n');
      const wrong = await run(["config", "check", file], { env: { HEADWATER_LOG_LEVEL: "info" } });
      expect(wrong.code).toBe(2);
      expect(wrong.out.trimEnd().split("\n")).toHaveLength(2);
      expect(wrong.out).toStartWith(`${file}:1: log.level = "loud"`);
      const json = JSON.parse((await run(["config", "check", file, "-o", "json"])).out);
      expect(json.problems[1]).toMatchObject({ key: "what", line: 2 });
      writeFileSync(file, "");
      expect(await run(["config", "check", file])).toMatchObject({ code: 0, out: `${file}: no problems\n` });
      writeFileSync(file, Uint8Array.of(0xff, 0xfe));
      expect(await run(["config", "check", file])).toMatchObject({ code: 2 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a file that is not there", async () => {
    const { code, err } = await run(["serve", "--config", "/nowhere/x.toml"]);
    expect(code).toBe(2);
    expect(err).toContain("/nowhere/x.toml: the configuration can't be read");
  });
});
