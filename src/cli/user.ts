import { usersFile } from "../config/security-files.ts";
import { MAX_PASSWORD_BYTES, parseUsers, userNameFault, withoutUser, withUser } from "../security/users.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { firstLine } from "./lines.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import { readUsersFile, verifiersOf, writeUsersFile } from "./users-file.ts";
import { withUsersLock } from "./users-lock.ts";
import type { World } from "./world.ts";

const NAME = { positionals: "NAME", minPositionals: 1, maxPositionals: 1, flags: SETTING_FLAGS } as const;
const PASSWORD_NOTE =
  "The password is asked for on the terminal, or is the first line of standard input. It is never an argument, which others on the machine could see.";
const SCRAM_NOTE =
  "For SCRAM, by which Kafka clients log in, something of its own is kept of the password, for those of kafka.sasl.mechanisms that are set by then: set it first, or give the passwords again.";
const SOON_NOTE = "A running gateway takes it over within security.reload.interval.ms, or at once on SIGHUP.";

export const userCommand: Command = {
  name: "user",
  summary: "Keep the users who may connect, and their passwords",
  commands: [
    {
      name: "add",
      summary: "Add a user",
      ...NAME,
      notes: [PASSWORD_NOTE, SCRAM_NOTE, SOON_NOTE],
      examples: [
        ["headwater user add pump-1 --data /var/lib/headwater", "asks for the password"],
        [
          "openssl rand -base64 24 | tee pump-1.secret | headwater user add pump-1",
          "a random one, for a device",
        ],
      ],
      run: (input, world) => change(input, world, "add"),
    },
    {
      name: "passwd",
      summary: "Change a user's password; who is connected with the old one is put out",
      ...NAME,
      notes: [PASSWORD_NOTE, SCRAM_NOTE, SOON_NOTE],
      run: (input, world) => change(input, world, "passwd"),
    },
    {
      name: "delete",
      summary: "Remove a user; who is connected as this user is put out",
      ...NAME,
      notes: [SOON_NOTE],
      run: remove,
    },
    { name: "list", summary: "List the users", flags: SETTING_FLAGS, run: list },
  ],
};

async function change(input: Input, world: World, how: "add" | "passwd"): Promise<number> {
  const { path, name, mechanisms } = subject(input, world);
  const fault = userNameFault(name);
  if (fault !== null) throw new UsageError(`${JSON.stringify(name)}: ${fault}`);
  const text = textFor(how, path, name, world);
  if (text === null) return EXIT.failed;
  const password = await askPassword(world, name);
  const hash = await verifiersOf(password, mechanisms);
  const isWritten = await withUsersLock(path, () => {
    // Looked at again: it took a while.
    const text = textFor(how, path, name, world);
    if (text !== null) writeUsersFile(path, withUser(text, name, hash));
    return text !== null;
  });
  return isWritten ? done(input, world, path, name) : EXIT.failed;
}

/** What the file has, or null where the user is there, or is not, against expectation: then that was said. */
function textFor(how: "add" | "passwd", path: string, name: string, world: World): string | null {
  const text = readUsersFile(path);
  const exists = parseUsers(path, text).has(name);
  if (exists === (how === "passwd")) return text;
  const remedy = exists ? "headwater user passwd changes the password" : "headwater user add adds it";
  world.err(`${path}: ${exists ? "there is a" : "there is no"} user ${JSON.stringify(name)}; ${remedy}\n`);
  return null;
}

async function remove(input: Input, world: World): Promise<number> {
  const { path, name } = subject(input, world);
  const isRemoved = await withUsersLock(path, () => {
    const text = readUsersFile(path);
    if (!parseUsers(path, text).has(name)) return false;
    writeUsersFile(path, withoutUser(text, name));
    return true;
  });
  if (isRemoved) return done(input, world, path, name);
  world.err(`${path}: there is no user ${JSON.stringify(name)}\n`);
  return EXIT.failed;
}

async function list(input: Input, world: World): Promise<number> {
  const path = usersFile(effectiveSettings(input, world).settings);
  const names = [...parseUsers(path, readUsersFile(path)).keys()].sort();
  world.out(input.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(""));
  return EXIT.ok;
}

interface Subject {
  readonly path: string;
  readonly name: string;
  /** By which users log in to Kafka. */
  readonly mechanisms: readonly string[];
}

function subject(input: Input, world: World): Subject {
  const { settings } = effectiveSettings(input, world);
  const mechanisms = settings["kafka.sasl.mechanisms"];
  return { path: usersFile(settings), name: input.positionals[0] ?? "", mechanisms };
}

function done(input: Input, world: World, path: string, name: string): number {
  if (input.json) world.out(`${JSON.stringify({ user: name, file: path })}\n`);
  else world.err(`${path}: done\n`);
  return EXIT.ok;
}

async function askPassword(world: World, name: string): Promise<Uint8Array> {
  let text: string;
  if (world.stdinIsTerminal) {
    text = await world.askSecret(`Password of ${name}: `);
    if ((await world.askSecret("Again: ")) !== text) throw new UsageError("the two passwords differ");
  } else text = await firstLine(world.stdin(), MAX_PASSWORD_BYTES);
  const password = new TextEncoder().encode(text);
  if (password.length === 0) throw new UsageError("the password is empty");
  if (password.length > MAX_PASSWORD_BYTES) {
    throw new UsageError(`the password has more than ${MAX_PASSWORD_BYTES} bytes`);
  }
  return password;
}
