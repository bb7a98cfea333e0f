import { formatDurationMs } from "../config/units.ts";
import type { SessionStatus } from "../http/status.ts";
import type { Command, Input } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { columns } from "./help.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { endSession, fetchSessions } from "./http/requests.ts";
import type { World } from "./world.ts";

const HEAD = ["CLIENT", "USER", "STATE", "KEPT FOR", "FROM", "SUBSCRIPTIONS", "WAITING", "IN FLIGHT", "WILL"];

export const sessionCommand: Command = {
  name: "session",
  summary: "List and end the sessions of MQTT clients",
  commands: [
    {
      name: "list",
      summary: "Show the MQTT clients of a running gateway: who is connected, and whose session is kept",
      positionals: "[CLIENT-ID]",
      maxPositionals: 1,
      flags: [
        { name: "of", value: "USER", doc: "Those of one user alone." },
        { name: "away", doc: "Those alone that are not connected." },
        ...HTTP_FLAGS,
      ],
      notes: [
        "WAITING and IN FLIGHT are messages that are to be sent, and that were sent and are not acknowledged. KEPT FOR says how long the session outlives its connection.",
      ],
      examples: [
        ["headwater session list --away", "sessions that wait for their clients"],
        ["headwater session list -o json", "for scripts"],
      ],
      run: atDoor(list),
    },
    {
      name: "end",
      summary:
        "End a session for good: its subscriptions and what waits for it go, and its client is put out",
      positionals: "CLIENT-ID",
      minPositionals: 1,
      maxPositionals: 1,
      flags: HTTP_FLAGS,
      notes: [
        "Its will is published. A client that may connect can come back at once, and begins a new session: to keep it out, take its user or its right (headwater user delete).",
        "What had waited for it stands in the topic headwater.gaps.",
      ],
      examples: [["headwater session end pump-1", "a device that is gone, whose queue fills"]],
      run: atDoor(end),
    },
  ],
};

async function list(input: Input, world: World, door: HttpDoor): Promise<number> {
  const [clientId] = input.positionals;
  const user = input.value("of");
  const { sessions, more } = await fetchSessions(door);
  const chosen = sessions.filter(
    (session) =>
      (clientId === undefined || session.clientId === clientId) &&
      (user === null || session.userName === user) &&
      (!input.on("away") || session.remoteAddress === null),
  );
  if (input.json) world.out(`${JSON.stringify({ sessions: chosen, more })}\n`);
  else if (chosen.length === 0)
    world.out(
      `${sessions.length === 0 ? "no MQTT client is connected, and no session is kept" : "no such session"}\n`,
    );
  else world.out(columns([HEAD, ...chosen.map(rowOf)]));
  if (more) world.err(`there are more than the first ${sessions.length}, by client id\n`);
  return clientId !== undefined && chosen.length === 0 ? EXIT.failed : EXIT.ok;
}

function rowOf(session: SessionStatus): readonly string[] {
  const { clientId, userName, awayMs, expirySec, remoteAddress } = session;
  return [
    shown(clientId),
    userName === null ? "-" : shown(userName),
    awayMs === null ? "connected" : `away ${durationText(Math.floor(awayMs / 1_000))}`,
    expirySec === null ? "ever" : durationText(expirySec),
    remoteAddress ?? "-",
    String(session.subscriptions),
    String(session.queuedMessages),
    String(session.inFlightMessages),
    session.hasWill ? "yes" : "-",
  ];
}

function durationText(seconds: number): string {
  return seconds === 0 ? "0s" : formatDurationMs(seconds * 1_000);
}

/** Client ids are whatever clients say. */
function shown(text: string): string {
  return /[\s\p{C}]/u.test(text) ? JSON.stringify(text) : text;
}

async function end(input: Input, world: World, door: HttpDoor): Promise<number> {
  const clientId = input.positionals[0] ?? "";
  await endSession(door, clientId);
  if (input.json) world.out(`${JSON.stringify({ clientId, ended: true })}\n`);
  else world.out(`the session of ${shown(clientId)} is ended\n`);
  return EXIT.ok;
}
