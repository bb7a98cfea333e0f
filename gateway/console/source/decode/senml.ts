/** A measurement as RFC 8428 resolves it: the base values are in it. */
export interface Measurement {
  readonly name: string;
  readonly value: unknown;
  readonly unit?: string;
  /** ISO 8601; as it stands where it counts from now. */
  readonly time?: string;
}

/** Labels of the form in CBOR, as the reader of CBOR writes them. */
const LABELS: Readonly<Record<string, string>> = {
  "-2": "bn",
  "-3": "bt",
  "-4": "bu",
  "-5": "bv",
  "-6": "bs",
  "-1": "bver",
  "0": "n",
  "1": "u",
  "2": "v",
  "3": "vs",
  "4": "vb",
  "5": "s",
  "6": "t",
  "7": "ut",
  "8": "vd",
};

/** Times below it count from when they are read. */
const FIRST_ABSOLUTE_SEC = 2 ** 28;

/** The measurements of a pack, read from JSON or CBOR; null where it is none. */
export function resolveSenml(pack: unknown): readonly Measurement[] | null {
  if (!Array.isArray(pack) || pack.length === 0) return null;
  const base = { bn: "", bt: 0, bu: "", bv: 0, bs: 0 };
  const found: Measurement[] = [];
  for (const entry of pack as readonly unknown[]) {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return null;
    const fields = Object.fromEntries(
      Object.entries(entry).map(([name, value]) => [LABELS[name] ?? name, value as unknown]),
    );
    if (typeof fields.bn === "string") base.bn = fields.bn;
    if (typeof fields.bu === "string") base.bu = fields.bu;
    if (typeof fields.bt === "number") base.bt = fields.bt;
    if (typeof fields.bv === "number") base.bv = fields.bv;
    if (typeof fields.bs === "number") base.bs = fields.bs;
    const value = measuredValue(fields, base.bv, base.bs);
    if (value === undefined) continue;
    const unit = typeof fields.u === "string" ? fields.u : base.bu;
    const sec = base.bt + (typeof fields.t === "number" ? fields.t : 0);
    found.push({
      name: base.bn + (typeof fields.n === "string" ? fields.n : ""),
      value,
      ...(unit === "" ? {} : { unit }),
      ...(sec === 0 ? {} : { time: timeOf(sec) }),
    });
  }
  return found.length === 0 ? null : found;
}

function measuredValue(fields: Readonly<Record<string, unknown>>, base: number, baseSum: number): unknown {
  if (typeof fields.v === "number") return fields.v + base;
  if (fields.vs !== undefined) return fields.vs;
  if (fields.vb !== undefined) return fields.vb;
  if (fields.vd !== undefined) return fields.vd;
  return typeof fields.s === "number" ? { sum: fields.s + baseSum } : undefined;
}

function timeOf(sec: number): string {
  if (sec < FIRST_ABSOLUTE_SEC) return `${sec} s`;
  const at = new Date(sec * 1000);
  return Number.isNaN(at.getTime()) ? `${sec} s` : at.toISOString();
}
