import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, caPathOf, HTTP_FLAGS, keptDoor, targetOf } from "./http/flags.ts";
import { forgetLogin, keepLogin, loginsFile } from "./http/logins.ts";
import type { World } from "./world.ts";

export const loginCommand: Command = {
  name: "login",
  summary: "Log in to a gateway's HTTP door, for all commands that ask it",
  flags: HTTP_FLAGS,
  notes: [
    "What is kept is the session, not the password: in a file that its owner alone can read, by default ~/.local/state/headwater/logins.json (HEADWATER_LOGINS_FILE), until it ends (http.session.idle.ms, http.session.max.ms), the gateway starts anew, or headwater logout. With it the name of the file of --ca is kept.",
    "For scripts that is not needed: --user with --password-file, or HEADWATER_USER with HEADWATER_PASSWORD_FILE or HEADWATER_PASSWORD, log in for one command.",
    "A password is never sent to another machine in the clear: ask by https.",
  ],
  examples: [
    [
      "headwater login --http https://gw7.plant.example:8443 --user anna --ca site-ca.pem",
      "asks for the password",
    ],
    [
      "pass show gw7 | headwater login --http https://gw7.plant.example:8443 --user anna --password-file -",
      "out of a store of passwords",
    ],
  ],
  run: atDoor(login),
};

export const logoutCommand: Command = {
  name: "logout",
  summary: "End the session that login began",
  flags: HTTP_FLAGS.filter(({ name }) => name === "http" || name === "ca"),
  examples: [["headwater logout --http https://gw7.plant.example:8443", "there and here"]],
  run: logout,
};

async function login(input: Input, world: World, door: HttpDoor): Promise<number> {
  if (!door.hasPassword) {
    throw new UsageError("--user is missing: say who logs in, or set HEADWATER_USER");
  }
  const path = loginsFile(world.env);
  const { user, cookie, csrf, role, endsAtMs } = await door.logIn();
  keepLogin(
    { origin: door.origin, user, cookie, csrf, ca: caPathOf(input, world), endsAtMs },
    world.env,
    Date.now(),
  );
  const ends = new Date(endsAtMs).toISOString();
  if (input.json) world.out(`${JSON.stringify({ origin: door.origin, user, role, ends, file: path })}\n`);
  else world.out(`${door.origin}: ${user} is logged in as ${role}, until ${ends} at the latest\n`);
  return EXIT.ok;
}

async function logout(input: Input, world: World): Promise<number> {
  const { origin } = targetOf(input.value("http"));
  const ended = await keptDoor(input, world)?.logOut();
  const login = forgetLogin(origin, world.env);
  if (input.json) world.out(`${JSON.stringify({ origin, user: login?.user ?? null })}\n`);
  else
    world.out(
      login === null ? `${origin}: nobody was logged in\n` : `${origin}: ${login.user} is logged out\n`,
    );
  if (ended === false && login !== null)
    world.err("the gateway could not be told: there the session ends by itself\n");
  return EXIT.ok;
}
