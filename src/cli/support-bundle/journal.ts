import { HIDDEN } from "../../config/secret.ts";
import { EVENT_FIELD, logField, PRIORITIES } from "../../metrics/journal-entry.ts";
import type { Collected, Part } from "./part.ts";
import { whyOf } from "./part.ts";

const MAX_LINES = 2_000;
const MAX_LINE_LENGTH = 4_000;
const MAX_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/**
 * Fields of log lines that are shown as they are. All others hold what came from outside, or may: their numbers are
 * shown, their texts are not.
 */
const SHOWN_FIELDS: ReadonlySet<string> = new Set(
  (
    "time level code kafkaError topic topics centralTopic partition uplink bridge mirror door listener address addresses " +
    "host port remoteAddress path folder file files disk implementation version state kind signal settings live restart " +
    "kafka mqtt http kafkaTls mqttTls mqttWebSocket mqttWebSocketTls httpTls group groupId quality boot policy mode api request"
  ).split(" "),
);
/** Of those, what may be an MQTT topic, which names a device, or one device's view. */
const TOPIC_FIELDS: ReadonlySet<string> = new Set(["topic", "topics", "centralTopic"]);
const KAFKA_TOPIC = /^(?!.*--)[\w.-]+$/;
/** Fields whose sentences are shown, but for what stands in quotes in them: that is what came from outside. */
const SENTENCES: ReadonlySet<string> = new Set([
  ...["message", "error", "cause", "reason", "why", "fault", "remedy", "doubt", "hindrance", "lastError"],
]);
/** Fields that name devices, their users and their topics. */
const NAMES: ReadonlySet<string> = new Set(
  "clientId client device key user userName principal mqttTopic filter memberId member transactionalId id name".split(
    " ",
  ),
);
/** What no line should have, whoever wrote it. */
const CREDENTIALS =
  /((?:pass(?:word|wd|phrase)?|secret|token|authorization)[\w.-]*["']?\s*[=:]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|\S+)/gi;
const HASHES = /\$argon2\w*\$\S+|\$scram\S+|SCRAM-SHA-\d+[:=$]\S+/gi;
const HUMAN_LINE = /^(\d\d:\d\d:\d\d\.\d{3} (?:DEBUG|INFO|WARN|ERROR) +)(.*)$/;

/** The newest lines of a unit's journal, where this machine has journalctl; `withNames`: also who the devices are. */
export async function journalPart(
  unit: string,
  path: string | undefined,
  withNames: boolean,
): Promise<Collected> {
  const what = `journal of ${unit}`;
  const command = Bun.which("journalctl", path === undefined ? {} : { PATH: path });
  if (command === null) return { parts: [], lacks: [{ what, why: "there is no journalctl here" }] };
  try {
    const text = await newestLines(command, unit);
    const lines = text.split("\n").flatMap((line) => shownEntry(line, withNames));
    if (lines.length === 0) {
      const why =
        "it has no lines: the unit has another name (--unit), or this user may not read them (group systemd-journal or adm)";
      return { parts: [], lacks: [{ what, why }] };
    }
    const part: Part = { name: "journal.txt", kind: "text", text: `${lines.reverse().join("\n")}\n` };
    return { parts: [part], lacks: [] };
  } catch (error) {
    return { parts: [], lacks: [{ what, why: whyOf(error) }] };
  }
}

/** From the newest backwards, so that a bound takes the oldest. */
async function newestLines(command: string, unit: string): Promise<string> {
  const args = ["--no-pager", "--quiet", "--reverse", `--lines=${MAX_LINES}`, `--unit=${unit}`];
  const child = Bun.spawn([command, ...args, "--output=json"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: TIMEOUT_MS,
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of child.stdout) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_BYTES) break;
  }
  child.kill();
  await child.exited;
  const text = Buffer.concat(chunks).toString();
  // The last one may be cut.
  return length >= MAX_BYTES ? text.slice(0, text.lastIndexOf("\n")) : text;
}

/** A line of `journalctl -o json` as it goes into the bundle; none where it is none. */
function shownEntry(line: string, withNames: boolean): readonly string[] {
  if (line === "") return [];
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const time = new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000).toISOString();
    const from = String(entry.SYSLOG_IDENTIFIER ?? entry._COMM ?? "?");
    const { MESSAGE: message } = entry;
    const text = Array.isArray(message)
      ? Buffer.from(message as number[]).toString()
      : typeof message === "string"
        ? message
        : "(a line that journalctl does not show)";
    const own = ownLine(entry);
    if (own !== null) return [`${time} ${from}: ${shownMessage(own, withNames)}`];
    return text.split("\n").map((one) => `${time} ${from}: ${shownMessage(one, withNames)}`);
  } catch {
    return [];
  }
}

/** A line that the gateway gave to the journal in fields, as the line of JSON that it would be elsewhere; null for others. */
function ownLine(entry: Readonly<Record<string, unknown>>): string | null {
  const { [EVENT_FIELD]: event, PRIORITY: priority } = entry;
  if (event === undefined) return null;
  const message = typeof event === "string" ? event : HIDDEN;
  const fields = Object.entries(entry).flatMap(([name, value]) => {
    const found = name === EVENT_FIELD || typeof value !== "string" ? null : logField(name, value);
    return found === null ? [] : [found];
  });
  const level = Object.entries(PRIORITIES).find(([, number]) => String(number) === priority)?.[0] ?? "info";
  return JSON.stringify({ level, message, ...Object.fromEntries(fields) });
}

/** A message without what came from outside; exported for tests. */
export function shownMessage(message: string, withNames: boolean): string {
  // Colours, where somebody logs for a terminal.
  const plain = Bun.stripANSI(message).slice(0, MAX_LINE_LENGTH);
  // What is neither is a line of the supervisor, or what a crash left.
  return withoutCredentials(structured(plain, withNames) ?? human(plain, withNames) ?? sentence(plain));
}

function structured(text: string, withNames: boolean): string | null {
  if (!text.startsWith("{")) return null;
  try {
    return JSON.stringify(field("", JSON.parse(text), withNames));
  } catch {
    return null;
  }
}

function field(name: string, value: unknown, withNames: boolean): unknown {
  if (typeof value === "string") {
    if (TOPIC_FIELDS.has(name) && !withNames && !KAFKA_TOPIC.test(value)) return HIDDEN;
    if (SHOWN_FIELDS.has(name) || (withNames && NAMES.has(name))) return withoutCredentials(value);
    return SENTENCES.has(name) ? withoutCredentials(sentence(value)) : HIDDEN;
  }
  if (Array.isArray(value)) return value.map((item) => field(name, item, withNames));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([inner, item]) => [inner, field(inner, item, withNames)]);
  return Object.fromEntries(entries);
}

/** `12:00:00.000 INFO  message name=value name="value"`. */
function human(text: string, withNames: boolean): string | null {
  const match = HUMAN_LINE.exec(text);
  if (match === null) return null;
  const [, head = "", rest = ""] = match;
  const first = rest.search(/ \w+=/);
  if (first < 0) return head + sentence(rest);
  let shown = head + sentence(rest.slice(0, first));
  // A value of more than a word, a list or an object, is the end: where it ends is not worth being wrong about.
  const pair = / (\w+)=("(?:[^"\\]|\\.)*"|[\w.:/@+-]+(?= |$))/y;
  pair.lastIndex = first;
  let end = first;
  for (let found = pair.exec(rest); found !== null; found = pair.exec(rest)) {
    const [, name = "", raw = ""] = found;
    const isText = !/^(?:-?\d+(?:\.\d+)?|true|false|null)$/.test(raw);
    const value = raw.startsWith('"') ? quotedText(raw) : raw;
    shown += ` ${name}=${isText ? JSON.stringify(field(name, value, withNames)) : raw}`;
    end = pair.lastIndex;
  }
  return end === rest.length ? shown : `${shown} ${HIDDEN}`;
}

function quotedText(raw: string): string {
  try {
    return String(JSON.parse(raw));
  } catch {
    return "";
  }
}

/** What is quoted in it came from outside: a name, or as well a part of a record. */
function sentence(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, `"${HIDDEN}"`);
}

function withoutCredentials(text: string): string {
  return text.replaceAll(CREDENTIALS, `$1${HIDDEN}`).replaceAll(HASHES, HIDDEN);
}
