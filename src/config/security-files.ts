import { join } from "node:path";
import type { Settings } from "./options.ts";

/** Where the users of a gateway with these settings are. */
export function usersFile(settings: Settings): string {
  return settings["security.users.file"] || join(settings.data, "users");
}

/** Where its rules are, if there are any. */
export function aclFile(settings: Settings): string {
  return settings["security.acl.file"] || join(settings.data, "acl.toml");
}
