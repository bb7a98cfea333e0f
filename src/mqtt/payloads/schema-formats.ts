/** Texts beyond this have no format. */
const MAX_FORMAT_LENGTH = 2_048;

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|[+-](\d\d):(\d\d))$/;
const DURATION = /^P(?:\d+W|(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/;
const DECIMAL_BYTE = /^(?:0|[1-9]\d{0,2})$/;
const HEX_GROUP = /^[0-9A-Fa-f]{1,4}$/;
const UUID = /^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
/** What stands in a URI as it is, or after a percent sign in hexadecimal (RFC 3986). */
const URI_TEXT = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MAX_HOST_LENGTH = 253;

/**
 * Formats of JSON Schema by their names. None of them takes longer than the text is long: they cut texts into parts,
 * and their expressions have one way to match each.
 */
export const SCHEMA_FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: bounded(isDate),
  time: bounded(isTime),
  "date-time": bounded(
    (text) => (text[10] ?? "").toUpperCase() === "T" && isDate(text.slice(0, 10)) && isTime(text.slice(11)),
  ),
  duration: bounded((text) => DURATION.test(text)),
  email: bounded(isEmail),
  hostname: bounded(isHostname),
  ipv4: bounded(isIpv4),
  ipv6: bounded(isIpv6),
  uri: bounded((text) => SCHEME.test(text) && URI_TEXT.test(text)),
  "uri-reference": bounded((text) => URI_TEXT.test(text)),
  uuid: bounded((text) => UUID.test(text)),
  "json-pointer": bounded((text) => POINTER.test(text)),
};

function bounded(test: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.length <= MAX_FORMAT_LENGTH && test(text);
}

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (month === 2 && !isLeap ? 28 : (DAYS[month] ?? 0));
}

/** With a second that is one too many at the end of a UTC day (RFC 3339, 5.6). */
function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (match === null) return false;
  const [hour, minute, second, offsetHour, offsetMinute] = match.slice(1).map((part) => Number(part ?? 0));
  if (hour === undefined || minute === undefined || offsetHour === undefined || offsetMinute === undefined)
    return false;
  if (hour > 23 || minute > 59 || offsetHour > 23 || offsetMinute > 59) return false;
  if (second !== 60) return (second ?? 0) < 60;
  const sign = text.includes("+") ? -1 : 1;
  const utcMinutes = hour * 60 + minute + sign * (offsetHour * 60 + offsetMinute);
  return (utcMinutes + 2_880) % 1_440 === 1_439;
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  return (
    at > 0 &&
    text
      .slice(0, at)
      .split(".")
      .every((part) => LOCAL_PART.test(part)) &&
    isHostname(text.slice(at + 1))
  );
}

function isHostname(text: string): boolean {
  return text.length <= MAX_HOST_LENGTH && text.split(".").every((label) => LABEL.test(label));
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => DECIMAL_BYTE.test(part) && Number(part) < 256);
}

function isIpv6(text: string): boolean {
  const last = text.lastIndexOf(":");
  const tail = text.slice(last + 1);
  // An IPv4 address at the end stands for two groups.
  const hex = tail.includes(".") ? (isIpv4(tail) ? `${text.slice(0, last + 1)}0:0` : "") : text;
  const halves = hex.split("::");
  if (hex === "" || halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!groups.every((group) => HEX_GROUP.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}
