import { bad, boolean, good, list } from "./option.ts";

const MAX_INTERFACES = 32;
/** Linux's IFNAMSIZ, less its end. */
const NAME = /^[^\s/%:]{1,15}$/;

/** Announcement by multicast DNS. */
export const MDNS_OPTIONS = {
  "mdns.announce": boolean({
    default: false,
    doc: "Whether the gateway announces its doors by multicast DNS (_mqtt._tcp, _secure-mqtt._tcp, _kafka._tcp, _http._tcp, _https._tcp), on every link that a door listens on. It is found by gateway.id; where another has that name, by the same with a number.",
  }),
  "mdns.interfaces": list(
    "names of interfaces",
    (raw) => (NAME.test(raw) ? good(raw) : bad("it is no interface's name", "write names as eth0")),
    String,
    {
      minItems: 0,
      maxItems: MAX_INTERFACES,
      default: [],
      defaultText: "all but loopback",
      doc: "Where it is announced, and nowhere else.",
    },
  ),
} as const;
