import { readUsersFile, verifiersOf, writeUsersFile } from "../cli/users-file.ts";
import { withUsersLock } from "../cli/users-lock.ts";
import type { Settings } from "../config/options.ts";
import { usersFile } from "../config/security-files.ts";
import type { UserSource } from "../http/rest/gateway.ts";
import { roleOf } from "../http/session/roles.ts";
import type { Security } from "../security/security.ts";
import { parseUsers, withoutUser, withUser } from "../security/users.ts";

/** The file of users, as the commands keep it; the doors take a change over at once. */
export function httpUsers(settings: Settings, security: () => Security | null): UserSource {
  const path = usersFile(settings);
  const changed = (text: string): true => {
    writeUsersFile(path, text);
    security()?.reload();
    return true;
  };
  return {
    list: () =>
      [...parseUsers(path, readUsersFile(path)).keys()].sort().map((name) => {
        const groups = security()?.groupsOf(name) ?? [];
        return { name, role: roleOf(settings["security.roles"], name, groups), groups };
      }),
    set: async (name, password, how) => {
      const isThere = () => parseUsers(path, readUsersFile(path)).has(name);
      if (isThere() === (how === "add")) return false;
      const verifiers = await verifiersOf(password, settings["kafka.sasl.mechanisms"]);
      // Looked at again: it took a while.
      return withUsersLock(path, () =>
        isThere() === (how === "add") ? false : changed(withUser(readUsersFile(path), name, verifiers)),
      );
    },
    remove: (name) =>
      withUsersLock(path, () => {
        const text = readUsersFile(path);
        return parseUsers(path, text).has(name) ? changed(withoutUser(text, name)) : false;
      }),
  };
}
