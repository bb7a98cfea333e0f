import { bad, type Facts, good, list, type Option } from "./option.ts";

/** What somebody may do over HTTP; each holds those before it. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who has a role: a user by name, or the users of a group of the file of rules. */
export interface RoleGrant {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly role: Role;
}

const MAX_GRANTS = 1_000;
const GRANT = /^(user|group):(.{1,128})=(\w+)$/;

/** A list of roles, each `user:NAME=ROLE` or `group:NAME=ROLE`. */
export function roleGrants(facts: Facts<readonly RoleGrant[]>): Option<readonly RoleGrant[]> {
  const show = ({ kind, name, role }: RoleGrant) => `${kind}:${name}=${role}`;
  return list<RoleGrant>("roles, as user:NAME=ROLE or group:NAME=ROLE", readGrant, show, {
    minItems: 0,
    maxItems: MAX_GRANTS,
    ...facts,
  });
}

function readGrant(raw: string) {
  const match = GRANT.exec(raw);
  if (match === null)
    return bad<RoleGrant>("it says not who has which role", "write user:anna=admin or group:night=viewer");
  const [, kind, name = "", word] = match;
  const role = ROLES.find((one) => one === word);
  if (role === undefined) return bad<RoleGrant>("there is no such role", `write ${ROLES.join(", ")}`);
  return good<RoleGrant>({ kind: kind === "user" ? "user" : "group", name, role });
}
