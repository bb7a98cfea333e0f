import type { SeededRandom } from "../../src/io/simulated/random.ts";

/** What a device measures: field names and values of one reading, beside its number and time. */
export type Measurements = Readonly<Record<string, number | string>>;

/** Makes the readings of one device, one after the other; the same seed makes the same readings. */
export type Profile = (random: SeededRandom) => (number: number) => Measurements;

/** A room: a slow daily wave, the sensor's noise, and a door that is opened now and then. */
const temperature: Profile = (random) => {
  const mean = 18 + random.fraction() * 6;
  let draught = 0;
  return (number) => {
    draught = random.fraction() < 0.005 ? -4 : draught * 0.95;
    const wave = 2 * Math.sin((number / 8640) * 2 * Math.PI);
    const celsius = mean + wave + draught + (random.fraction() - 0.5) * 0.2;
    return { celsius: round(celsius, 2), humidity: round(45 - wave * 3 + random.fraction(), 1) };
  };
};

/** A motor: three axes around a base level, with a bearing that slowly gets worse. */
const vibration: Profile = (random) => {
  const base = 0.5 + random.fraction();
  return (number) => {
    const wear = 1 + number / 100_000;
    const axis = () => round(base * wear * (0.8 + random.fraction() * 0.4), 4);
    return { x: axis(), y: axis(), z: axis(), unit: "mm/s" };
  };
};

/** An electricity meter: a register that only ever grows. */
const meter: Profile = (random) => {
  let wattHours = Math.floor(random.fraction() * 1_000_000);
  return () => {
    const watts = Math.floor(100 + random.fraction() * 2900);
    wattHours += Math.max(1, Math.round(watts / 360));
    return { wattHours, watts };
  };
};

export const PROFILES: ReadonlyMap<string, Profile> = new Map([
  ["temperature", temperature],
  ["vibration", vibration],
  ["meter", meter],
]);

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
