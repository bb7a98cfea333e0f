import { loadSettings } from "../config/load.ts";
import { formatProblem, formatSource } from "../config/problem.ts";
import { referenceMarkdown, settingDocs, settingsJson, settingsToml } from "../config/reference.ts";
import type { Command, Input } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { reloadConfig } from "./http/requests.ts";
import { formatSchemaProblem, schemaProblems } from "./route-schemas.ts";
import { securityFileFaults } from "./security-files.ts";
import { effectiveSettings, readConfigFile, SETTING_FLAGS } from "./settings.ts";
import { topicSettingDocs, topicSettingsMarkdown } from "./topic-settings.ts";
import type { World } from "./world.ts";

export const configCommand: Command = {
  name: "config",
  summary: "Show, check and explain settings",
  commands: [
    {
      name: "print",
      summary: "Show the settings in force and where each comes from",
      flags: SETTING_FLAGS,
      notes: ["The output is a configuration file itself."],
      examples: [["headwater config print --config gateway.toml", "what serve would run with"]],
      run: print,
    },
    {
      name: "check",
      summary: "Check a configuration file",
      positionals: "FILE",
      minPositionals: 1,
      maxPositionals: 1,
      notes: [
        "Every problem is a line with file, line, key, value and remedy. The exit code is 2 where there is one in the configuration.",
        "Files of users, rules and certificates are looked at where they lie now, as who runs this may read them. Where one would keep a door closed the exit code is 1: a gateway starts, and opens that door once the file is mended.",
      ],
      examples: [["headwater config check gateway.toml", "before it is taken to a gateway"]],
      run: check,
    },
    {
      name: "reload",
      summary: "Have a running gateway read its configuration again, and say what it took over",
      flags: HTTP_FLAGS,
      notes: [
        "The gateway reads what it was started with: the same file, environment and command line. What it can't take over while it runs is named, and takes effect at the next start; headwater config docs says of each setting whether it is live. A file that is wrong changes nothing, and the answer says why. Contents of users, rules, certificates and keys are read again, too; where one can't be used, what it was before stands, and the exit code is 1. SIGHUP does the same.",
      ],
      examples: [["headwater config reload", "after the file was changed"]],
      run: atDoor(reload),
    },
    {
      name: "docs",
      summary: "Write the reference of all settings, those of topics included, as Markdown",
      run: docs,
    },
  ],
};

async function print(input: Input, world: World): Promise<number> {
  const { settings, sources, warnings } = effectiveSettings(input, world);
  for (const warning of warnings) world.err(`warning: ${warning}\n`);
  world.out(
    input.json ? `${JSON.stringify(settingsJson(settings, sources))}\n` : settingsToml(settings, sources),
  );
  return EXIT.ok;
}

/** Looks at the file alone: what this shell's environment says is not the gateway's. */
async function check(input: Input, world: World): Promise<number> {
  const path = input.positionals[0] ?? "";
  const text = readConfigFile(path);
  const { hostName } = world;
  const result = loadSettings({ file: { path, text }, env: {}, set: [], flags: new Map(), hostName });
  const problems = result.ok ? [] : result.problems;
  const schemas = result.ok ? schemaProblems(result.settings.mqttRoutes) : [];
  const ok = result.ok && schemas.length === 0;
  // These keep no gateway from starting, but doors of it from opening.
  const closing = result.ok ? securityFileFaults(result.settings) : [];
  for (const warning of result.ok ? result.warnings : []) world.err(`warning: ${warning}\n`);
  if (input.json) {
    const rows = problems.map(({ key, value, source, fault, remedy }) => {
      const line = source.kind === "file" ? source.line : null;
      return { key, value, line, source: formatSource(source), fault, remedy };
    });
    const ofSchemas = schemas.map(({ key, file, fault }) => {
      const remedy = "correct the schema";
      return { key, value: file, line: null, source: file ?? path, fault, remedy };
    });
    world.out(
      `${JSON.stringify({ ok: ok && closing.length === 0, problems: [...rows, ...ofSchemas], closing })}\n`,
    );
  } else if (ok && closing.length === 0) world.out(`${path}: no problems\n`);
  else {
    const lines = [
      ...problems.map(formatProblem),
      ...schemas.map((one) => `${path}: ${formatSchemaProblem(one)}`),
      ...closing,
    ];
    world.out(lines.map((line) => `${line}\n`).join(""));
  }
  if (!ok) return EXIT.usage;
  return closing.length === 0 ? EXIT.ok : EXIT.failed;
}

async function reload(input: Input, world: World, door: HttpDoor): Promise<number> {
  // A gateway of before does not say what is unused.
  const { live, restart, unused = [] } = await reloadConfig(door);
  if (input.json) world.out(`${JSON.stringify({ live, restart, unused })}\n`);
  else {
    if (live.length + restart.length === 0) world.out("no setting has changed\n");
    for (const key of live) world.out(`taken over     ${key}\n`);
    for (const key of restart) world.out(`next start     ${key}\n`);
    for (const reason of unused) world.out(`not used       ${reason}\n`);
  }
  return unused.length === 0 ? EXIT.ok : EXIT.failed;
}

async function docs(input: Input, world: World): Promise<number> {
  world.out(
    input.json
      ? `${JSON.stringify([...settingDocs(), ...topicSettingDocs()])}\n`
      : `${referenceMarkdown()}\n${topicSettingsMarkdown()}`,
  );
  return EXIT.ok;
}
