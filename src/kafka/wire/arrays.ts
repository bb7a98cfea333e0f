import type { Int64, Uuid } from "../../base/ids.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * Arrays of primitive types. The count has been read already, and compared with the bytes that are left; the arrays
 * grow as their elements are read. A nullable array is null where the count is -1.
 */

export function readInt8Array(reader: Reader, count: number): number[] {
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(reader.int8());
  return values;
}

export function readNullableInt8Array(reader: Reader, count: number): number[] | null {
  return count === -1 ? null : readInt8Array(reader, count);
}

export function writeInt8Array(writer: Writer, values: readonly number[]): void {
  for (const value of values) writer.int8(value);
}

export function readInt16Array(reader: Reader, count: number): number[] {
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(reader.int16());
  return values;
}

export function readNullableInt16Array(reader: Reader, count: number): number[] | null {
  return count === -1 ? null : readInt16Array(reader, count);
}

export function writeInt16Array(writer: Writer, values: readonly number[]): void {
  for (const value of values) writer.int16(value);
}

export function readInt32Array(reader: Reader, count: number): number[] {
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(reader.int32());
  return values;
}

export function readNullableInt32Array(reader: Reader, count: number): number[] | null {
  return count === -1 ? null : readInt32Array(reader, count);
}

export function writeInt32Array(writer: Writer, values: readonly number[]): void {
  for (const value of values) writer.int32(value);
}

export function readInt64Array(reader: Reader, count: number): Int64[] {
  const values: Int64[] = [];
  for (let index = 0; index < count; index++) values.push(reader.int64());
  return values;
}

export function readNullableInt64Array(reader: Reader, count: number): Int64[] | null {
  return count === -1 ? null : readInt64Array(reader, count);
}

export function writeInt64Array(writer: Writer, values: readonly Int64[]): void {
  for (const value of values) writer.int64(value);
}

export function readUuidArray(reader: Reader, count: number): Uuid[] {
  const values: Uuid[] = [];
  for (let index = 0; index < count; index++) values.push(reader.uuid());
  return values;
}

export function readNullableUuidArray(reader: Reader, count: number): Uuid[] | null {
  return count === -1 ? null : readUuidArray(reader, count);
}

export function writeUuidArray(writer: Writer, values: readonly Uuid[]): void {
  for (const value of values) writer.uuid(value);
}

export function readStringArray(reader: Reader, count: number): string[] {
  const values: string[] = [];
  for (let index = 0; index < count; index++) values.push(reader.string());
  return values;
}

export function readNullableStringArray(reader: Reader, count: number): string[] | null {
  return count === -1 ? null : readStringArray(reader, count);
}

export function writeStringArray(writer: Writer, values: readonly string[]): void {
  for (const value of values) writer.string(value);
}

export function readCompactStringArray(reader: Reader, count: number): string[] {
  const values: string[] = [];
  for (let index = 0; index < count; index++) values.push(reader.compactString());
  return values;
}

export function readNullableCompactStringArray(reader: Reader, count: number): string[] | null {
  return count === -1 ? null : readCompactStringArray(reader, count);
}

export function writeCompactStringArray(writer: Writer, values: readonly string[]): void {
  for (const value of values) writer.compactString(value);
}
