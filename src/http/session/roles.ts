import { ROLES, type Role, type RoleGrant } from "../../config/role-option.ts";

/** Whether a role is enough; who has none may do nothing. */
export function includes(role: Role | null, needed: Role): boolean {
  return role !== null && ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** The highest role that a user was given, by name or by group; null for none. */
export function roleOf(grants: readonly RoleGrant[], user: string, groups: readonly string[]): Role | null {
  let best: Role | null = null;
  for (const { kind, name, role } of grants) {
    const isFor = kind === "user" ? name === user : groups.includes(name);
    if (isFor && !includes(best, role)) best = role;
  }
  return best;
}
