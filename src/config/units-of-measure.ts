/**
 * Units by their SenML names (RFC 8428 and RFC 8798) and their UCUM codes, case-sensitive; square brackets of UCUM may
 * be left out, so that `degF` is `[degF]`. A value `x` of a unit is `(x + offset) * factor / divisor` of its
 * kind's base unit. Factor and divisor are whole where the definition is, so that 68 degF is 20 Cel and not 19.999...
 */
export interface Unit {
  readonly kind: string;
  readonly offset: number;
  readonly factor: number;
  readonly divisor: number;
}

/** Units of a kind: names, factor, and where they are not 1 and 0, divisor and offset. */
type Row = readonly [names: string, factor: number, divisor?: number, offset?: number];

const KINDS: Readonly<Record<string, readonly Row[]>> = {
  temperature: [
    ["K", 1],
    ["Cel degC", 1, 1, 273.15],
    ["degF", 5, 9, 459.67],
    ["degR", 5, 9],
  ],
  pressure: [
    ["Pa", 1],
    ["hPa mbar", 100],
    ["kPa", 1e3],
    ["MPa", 1e6],
    ["bar", 1e5],
    ["psi", 6894.757293168],
    ["atm", 101_325],
    ["m[Hg]", 133_322.387415],
    ["mm[Hg] mmHg", 133.322387415],
    ["[in_i'Hg] inHg", 3386.388640341],
    ["m[H2O]", 9806.65],
    ["[in_i'H2O] inH2O", 249.08891],
  ],
  energy: [
    ["J Ws W.s", 1],
    ["kJ", 1e3],
    ["MJ", 1e6],
    ["GJ", 1e9],
    ["Wh W.h", 3_600],
    ["kWh kW.h", 3.6e6],
    ["MWh MW.h", 3.6e9],
    ["cal", 4_184, 1_000],
    ["kcal", 4_184],
    ["[Btu_IT] Btu BTU", 1055.05585262],
    ["eV", 1.602176634e-19],
  ],
  power: [
    ["W", 1],
    ["mW", 1, 1e3],
    ["kW", 1e3],
    ["MW", 1e6],
    ["[HP] HP hp", 745.6998715822702],
    ["[Btu_IT]/h Btu/h BTU/h", 1055.05585262, 3_600],
  ],
  "apparent power": [
    ["VA", 1],
    ["kVA", 1e3],
  ],
  "reactive power": [
    ["var", 1],
    ["kvar", 1e3],
  ],
  "reactive energy": [
    ["vars", 1],
    ["varh", 3_600],
    ["kvarh", 3.6e6],
  ],
  "apparent energy": [
    ["VAs", 1],
    ["VAh", 3_600],
    ["kVAh", 3.6e6],
  ],
  length: [
    ["m", 1],
    ["km", 1e3],
    ["dm", 1, 10],
    ["cm", 1, 100],
    ["mm", 1, 1e3],
    ["um", 1, 1e6],
    ["nm", 1, 1e9],
    ["in_i in", 254, 10_000],
    ["ft_i ft", 3_048, 10_000],
    ["yd_i yd", 9_144, 10_000],
    ["mi_i mi", 1609.344],
    ["nmi_i nmi", 1_852],
  ],
  area: [
    ["m2", 1],
    ["cm2", 1, 1e4],
    ["km2", 1e6],
    ["har ha", 1e4],
    ["ft_i2 ft2 sft_i", 9.290304, 100],
    ["acr_us", 4046.872609874],
  ],
  volume: [
    ["m3", 1],
    ["l L dm3", 1, 1e3],
    ["ml mL cm3", 1, 1e6],
    ["hl hL", 1, 10],
    ["gal_us gal", 3.785411784, 1e3],
    ["gal_br", 4.54609, 1e3],
    ["ft_i3 cft_i ft3", 28.316846592, 1e3],
    ["bbl_us", 158.987294928, 1e3],
  ],
  mass: [
    ["kg", 1],
    ["g", 1, 1e3],
    ["mg", 1, 1e6],
    ["ug", 1, 1e9],
    ["t", 1e3],
    ["lb_av lb", 0.45359237],
    ["oz_av oz", 0.45359237, 16],
  ],
  time: [
    ["s", 1],
    ["ms", 1, 1e3],
    ["us", 1, 1e6],
    ["ns", 1, 1e9],
    ["min", 60],
    ["h", 3_600],
    ["d", 86_400],
    ["wk", 604_800],
  ],
  speed: [
    ["m/s", 1],
    ["mm/s", 1, 1e3],
    ["m/h", 1, 3_600],
    ["mm/h", 1, 3.6e6],
    ["km/h", 10, 36],
    ["kn_i kn kt", 1_852, 3_600],
    ["mi_i/h mph", 1609.344, 3_600],
    ["ft_i/s ft/s", 3_048, 10_000],
  ],
  acceleration: [
    ["m/s2", 1],
    ["g_n", 9.80665],
  ],
  force: [
    ["N", 1],
    ["kN", 1e3],
    ["lbf_av lbf", 4.4482216152605],
  ],
  flow: [
    ["m3/s", 1],
    ["m3/h", 1, 3_600],
    ["l/s L/s", 1, 1e3],
    ["l/min L/min", 1, 6e4],
    ["l/h L/h", 1, 3.6e6],
    ["gal_us/min gal/min gpm", 3.785411784, 6e4],
    ["ft_i3/min ft3/min cfm", 28.316846592, 6e4],
  ],
  frequency: [
    ["Hz 1/s", 1],
    ["kHz", 1e3],
    ["MHz", 1e6],
    ["GHz", 1e9],
    ["1/min rpm beat/m", 1, 60],
  ],
  "electric current": [
    ["A", 1],
    ["mA", 1, 1e3],
    ["uA", 1, 1e6],
    ["kA", 1e3],
  ],
  voltage: [
    ["V", 1],
    ["mV", 1, 1e3],
    ["uV", 1, 1e6],
    ["kV", 1e3],
  ],
  charge: [
    ["C A.s", 1],
    ["Ah A.h", 3_600],
    ["mAh mA.h", 3_600, 1e3],
  ],
  resistance: [
    ["Ohm ohm", 1],
    ["mOhm", 1, 1e3],
    ["kOhm", 1e3],
    ["MOhm", 1e6],
  ],
  capacitance: [
    ["F", 1],
    ["uF", 1, 1e6],
    ["nF", 1, 1e9],
    ["pF", 1, 1e12],
  ],
  conductivity: [
    ["S/m", 1],
    ["mS/cm", 1, 10],
    ["uS/cm", 1, 1e4],
  ],
  angle: [
    ["rad", 1],
    ["deg", Math.PI, 180],
    ["gon", Math.PI, 200],
  ],
  ratio: [
    ["1 /", 1],
    ["% %RH %EL", 1, 100],
    ["/100", 1, 100],
    ["/1000", 1, 1e3],
    ["ppth", 1, 1e3],
    ["ppm [ppm]", 1, 1e6],
    ["ppb [ppb]", 1, 1e9],
  ],
  concentration: [
    ["kg/m3 g/l g/L", 1],
    ["g/m3 mg/l mg/L", 1, 1e3],
    ["mg/m3 ug/l", 1, 1e6],
    ["ug/m3", 1, 1e9],
  ],
  data: [
    ["bit", 1],
    ["B By", 8],
    ["kB", 8e3],
    ["KiB Kibyte", 8 * 1024],
    ["MB", 8e6],
    ["MiB", 8 * 1024 ** 2],
    ["GB", 8e9],
    ["GiB", 8 * 1024 ** 3],
  ],
  "data rate": [
    ["bit/s", 1],
    ["kbit/s", 1e3],
    ["Mbit/s", 1e6],
    ["Gbit/s", 1e9],
    ["B/s", 8],
    ["kB/s", 8e3],
    ["MB/s", 8e6],
    ["GB/s", 8e9],
  ],
};

let units: ReadonlyMap<string, Unit> | null = null;

/** Made for the first that is asked for: most gateways convert nothing. */
function allUnits(): ReadonlyMap<string, Unit> {
  units ??= new Map(
    Object.entries(KINDS).flatMap(([kind, rows]) =>
      rows.flatMap(([names, factor, divisor = 1, offset = 0]) =>
        names.split(" ").map((name) => [plainName(name), { kind, factor, divisor, offset }] as const),
      ),
    ),
  );
  return units;
}

/** The unit of this name, or null. */
export function unitOf(name: string): Unit | null {
  return allUnits().get(plainName(name)) ?? null;
}

/** Names of all units, or of those of a kind. */
export function unitNames(kind: string | null = null): readonly string[] {
  return [...allUnits()].filter(([, unit]) => kind === null || unit.kind === kind).map(([name]) => name);
}

function plainName(name: string): string {
  return name.replaceAll(/[[\]]/g, "");
}
