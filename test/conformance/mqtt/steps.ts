import type { RouteConfig } from "../../../src/mqtt/routes.ts";
import { type Pattern, parsePattern } from "./pattern.ts";
import type { Forbidden } from "./world.ts";

/** One line of a row's script. */
export type Step =
  /** Settings of the door, wherever they stand in the script. */
  | (Line & { readonly kind: "limits"; readonly limits: Readonly<Record<string, unknown>> })
  | (Line & { readonly kind: "routes"; readonly routes: readonly RouteConfig[] })
  /** Who else connects is refused. */
  | (Line & { readonly kind: "users"; readonly users: Readonly<Record<string, string>> })
  | (Line & Forbidden & { readonly kind: "forbid" })
  /** From here on the log refuses what goes to this Kafka topic, with this error of Kafka's. */
  | (Line & { readonly kind: "refuse"; readonly topic: string; readonly error: number })
  /** A client sends bytes; its first step of any kind connects it. */
  | (Line & { readonly kind: "send"; readonly client: string; readonly bytes: Pattern })
  /** The next packet that a client has got, which nothing else may come before. */
  | (Line & { readonly kind: "expect"; readonly client: string; readonly packet: Pattern })
  /** web: it connects over WebSocket. breaks: its network does. The rest is what has to be seen of the broker. */
  | (Line & { readonly kind: ClientVerb; readonly client: string })
  | (Line & { readonly kind: "hold" | "restart" })
  /** With a Kafka topic: only what goes there becomes durable, and all else is held on. */
  | (Line & { readonly kind: "round"; readonly topic: string | null })
  | (Line & { readonly kind: "wait"; readonly durationMs: number })
  | (Line & { readonly kind: "logged"; readonly records: number });

interface Line {
  readonly text: string;
  readonly place: string;
}

const CLIENT_VERBS = ["web", "breaks", "silent", "closed"] as const;
type ClientVerb = (typeof CLIENT_VERBS)[number];

const ACTIONS: readonly Forbidden["what"][] = ["publish", "subscribe", "receive"];

/** A step of a line without its indentation, or null of a line that is only a remark. */
export function parseStep(text: string, place: string): Step | null {
  const bare = withoutRemark(text).trim();
  if (bare === "") return null;
  const line = { text: bare, place };
  const packet = /^([a-z]+)([<>]) (.+)$/.exec(bare);
  if (packet !== null) {
    const [, client = "", direction, rest = ""] = packet;
    const pattern = parsePattern(rest, place);
    return direction === ">"
      ? { ...line, kind: "send", client, bytes: pattern }
      : { ...line, kind: "expect", client, packet: pattern };
  }
  const words = bare.split(" ");
  if (bare.startsWith("limits ")) return { ...line, kind: "limits", limits: JSON.parse(bare.slice(7)) };
  if (bare === "hold" || bare === "restart") return { ...line, kind: bare };
  if (words[0] === "round" && words.length <= 2) return { ...line, kind: "round", topic: words[1] ?? null };
  if (bare.startsWith("routes ")) return { ...line, kind: "routes", routes: JSON.parse(bare.slice(7)) };
  if (bare.startsWith("users ")) return { ...line, kind: "users", users: JSON.parse(bare.slice(6)) };
  const what = ACTIONS.find((known) => known === words[1]);
  if (words[0] === "forbid" && what !== undefined && words.length === 3) {
    return { ...line, kind: "forbid", what, filter: words[2] ?? "" };
  }
  if (words[0] === "refuse" && words.length === 3) {
    return { ...line, kind: "refuse", topic: words[1] ?? "", error: Number(words[2]) };
  }
  const number = Number(words[1]);
  if (words[0] === "wait" && words[2] === "ms" && number > 0) {
    return { ...line, kind: "wait", durationMs: number };
  }
  if (words[0] === "logged" && words.length === 2 && number >= 0) {
    return { ...line, kind: "logged", records: number };
  }
  const verb = CLIENT_VERBS.find((known) => known === words[1]);
  if (verb !== undefined && words.length === 2) return { ...line, kind: verb, client: words[0] ?? "" };
  throw new Error(`${place}: this is no step: ${text}`);
}

/** Cuts off what follows a semicolon, unless that is in quotes. */
function withoutRemark(text: string): string {
  const match = /^(?:[^;"]|"(?:[^"\\]|\\.)*")*/.exec(text);
  return match?.[0] ?? "";
}
