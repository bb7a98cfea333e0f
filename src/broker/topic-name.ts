const MAX_LENGTH = 249;
const LEGAL = /^[a-zA-Z0-9._-]+$/;

/**
 * Says in words why a topic name is not legal (Kafka's `Topic.validate`: 1 to 249 of letters, digits, `.`, `_`,
 * `-`, and neither `.` nor `..`), or null where it is.
 */
export function topicNameFault(name: string): string | null {
  if (name.length === 0) return "the empty string is not a topic name";
  if (name === "." || name === "..") return `'${name}' is not a topic name`;
  if (name.length > MAX_LENGTH) {
    return `topic name of ${name.length} characters; at most ${MAX_LENGTH} are allowed`;
  }
  if (!LEGAL.test(name)) {
    return `topic name '${name}' has characters other than letters, digits, '.', '_' and '-'`;
  }
  return null;
}

/**
 * What Kafka's tools compare to refuse two topics whose metric names would be the same: `.` and `_` count as
 * one character.
 */
export function collisionName(name: string): string {
  return name.replaceAll(".", "_");
}
