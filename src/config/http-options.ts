import { boolean, choice, door, duration, list, readHostName } from "./option.ts";
import { roleGrants } from "./role-option.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Settings of the HTTP door. */
export const HTTP_OPTIONS = {
  "http.listen": door({
    default: { host: "127.0.0.1", port: 8080 },
    flag: "http",
    doc: "Where health, metrics, the console and its interface are served.",
  }),
  "http.tls.listen": door({
    default: "off",
    doc: "Where the same is served over HTTPS; 8443 is usual. Needs tls.certificate.file and tls.key.file.",
  }),
  "http.hosts": list("host names", readHostName, String, {
    minItems: 0,
    maxItems: 100,
    default: [],
    defaultText: "none",
    doc: "Names that this gateway is asked by over HTTP. By its addresses, as localhost and by the host of http.listen it answers anyway; what is asked of /api by another name is refused, since any web page can have a name of its own lead here.",
  }),
  "http.control": choice(["loopback", "any", "off"], {
    default: "loopback",
    doc: "From where requests are taken without a login that change something, such as pausing an uplink: from this machine only, from anywhere that reaches http.listen, or from nowhere. From this machine everything may be changed. Who logs in may do what his role says, see security.roles.",
  }),
  "http.records": choice(["loopback", "any", "off"], {
    default: "loopback",
    doc: "To where records of devices, and all else that is to be seen over HTTP, are given out without a login: to this machine only, to anybody who reaches http.listen, or to nobody.",
  }),
  "http.login.plain": boolean({
    default: false,
    doc: "Whether passwords are taken from other machines over HTTP without TLS, where the network can read them. For a proxy that has TLS itself.",
  }),
  "http.session.idle.ms": duration({
    default: 30 * MINUTE_MS,
    min: MINUTE_MS,
    max: 24 * HOUR_MS,
    doc: "A login of a browser ends when it was not used for so long.",
  }),
  "http.session.max.ms": duration({
    default: 12 * HOUR_MS,
    min: MINUTE_MS,
    max: 30 * 24 * HOUR_MS,
    doc: "A login of a browser ends after this time, used or not.",
  }),
  "security.roles": roleGrants({
    default: [],
    defaultText: "none",
    doc: "Who may log in over HTTP, and as what: viewer (sees everything but settings), operator (also produces, creates topics, resets groups, pauses uplinks), admin (also users, settings, deletion of topics). Groups are those of security.acl.file. While it is empty nobody logs in.",
  }),
} as const;
