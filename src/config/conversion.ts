import { didYouMean } from "./problem.ts";
import { type Unit, unitNames, unitOf } from "./units-of-measure.ts";

/** How a number becomes another. Written "degF -> Cel", or as a line: "0.1 * x + 5", "x / 10", "x - 273.15". */
export interface Conversion {
  /** Names of the units; null where it is a line. */
  readonly units: { readonly from: string; readonly to: string } | null;
  /** A double that is no number, or beyond all doubles, where there is no result. */
  apply(value: number): number;
}

/** Digits of a result: what is behind them is noise of the arithmetic. */
const RESULT_DIGITS = 15;
/** Most that can be asked of a number's text. */
const MAX_DECIMALS = 100;
/** With others a constant times the divisor could be too large for a double, or have lost digits. */
const MAX_PLAIN_DIVISOR = 1e100;

const NUMBER = String.raw`\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?`;
const LINE = new RegExp(
  String.raw`^(?:([+-]?) ?(?:(${NUMBER}) ?\* ?)?x|([+-]?) ?x ?([*/]) ?(${NUMBER}))(?: ?([+-]) ?(${NUMBER}))?$`,
);
const MAX_LENGTH = 128;

/** The conversion that a text says, or a sentence about what is wrong with it. */
export function parseConversion(text: string): Conversion | string {
  if (text.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  const tidy = text.trim().replaceAll(/\s+/g, " ");
  const arrow = tidy.indexOf("->");
  return arrow < 0 ? line(tidy) : between(tidy.slice(0, arrow).trim(), tidy.slice(arrow + 2).trim());
}

function between(from: string, to: string): Conversion | string {
  const [source, target] = [unitOf(from), unitOf(to)];
  if (source === null) return unknownUnit(from, null);
  if (target === null) return unknownUnit(to, source.kind);
  if (source.kind !== target.kind) return `${from} is ${named(source)} and ${to} is ${named(target)}`;
  const scale = source.factor * target.divisor;
  const divisor = source.divisor * target.factor;
  // As the whole numbers of their definitions: 5 / 9 and -160 / 9 for degF -> Cel, and no kelvin in between.
  const constant = less(source.offset * scale, target.offset * divisor);
  return { units: { from, to }, apply: (value) => linear(value, scale, constant, divisor) };
}

function line(text: string): Conversion | string {
  const match = LINE.exec(text);
  if (match === null) return "it is neither UNIT -> UNIT nor a line like 0.1 * x + 5";
  const [, sign, factor, otherSign, operator, operand, plus, constant] = match;
  const negative = (sign ?? otherSign) === "-";
  const slope = (negative ? -1 : 1) * Number(factor ?? (operator === "*" ? operand : 1));
  const divisor = operator === "/" ? Number(operand) : 1;
  if (divisor === 0) return "it divides by zero";
  const offset = (plus === "-" ? -1 : 1) * Number(constant ?? 0);
  if (![slope, divisor, offset].every(Number.isFinite)) return "a number in it is beyond all doubles";
  const scaledOffset = offset * divisor;
  const isPlain =
    divisor >= 1 / MAX_PLAIN_DIVISOR && divisor <= MAX_PLAIN_DIVISOR && Number.isFinite(scaledOffset);
  return {
    units: null,
    apply: isPlain
      ? (value) => linear(value, slope, scaledOffset, divisor)
      : (value) => less((value * slope) / divisor, -offset),
  };
}

/**
 * `(value * scale + constant) / divisor` to 15 digits. The sum is made before the division, where numbers of few digits
 * still have few, so that what cancels out takes no digits from the result.
 */
function linear(value: number, scale: number, constant: number, divisor: number): number {
  const sum = constant === 0 ? value * scale : less(value * scale, -constant);
  const result = sum / divisor;
  return Number.isFinite(result) ? Number(result.toPrecision(RESULT_DIGITS)) : result;
}

/** The difference without the noise of the arithmetic: with as many decimals as the first of both has. */
function less(value: number, offset: number): number {
  const difference = value - offset;
  if (!Number.isFinite(difference)) return difference;
  const decimals = RESULT_DIGITS - 1 - Math.floor(Math.log10(Math.max(Math.abs(value), Math.abs(offset))));
  return decimals >= 0 && decimals <= MAX_DECIMALS && offset !== 0
    ? Number(difference.toFixed(decimals))
    : Number(difference.toPrecision(RESULT_DIGITS));
}

function unknownUnit(name: string, kind: string | null): string {
  const near = didYouMean(name, unitNames(kind));
  return `there is no unit ${JSON.stringify(name)}${near === null ? "" : `; did you mean ${near}?`}`;
}

function named(unit: Unit): string {
  return /^[aeiou]/.test(unit.kind) ? `an ${unit.kind}` : `a ${unit.kind}`;
}
