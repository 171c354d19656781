/** Values with their unit in a few letters. */

/** Prefixes of 1024 for bytes and of 1000 for milliseconds; what is counted has none. */
const BYTE_PREFIXES = ["B", "KiB", "MiB", "GiB", "TiB"];
const BYTE_BASE = 1024;
const DIGITS = 3;
const MAX_DECIMALS = 3;
/** Share by which a product of steps may miss a whole number. */
const NEARLY = 1e-6;

/** Size of one of the unit a value of this size is written in: 1048576 where it is written in MiB. */
export function scaleOf(size: number, unit: string): number {
  if (unit !== "bytes" || !(size >= BYTE_BASE)) return 1;
  const power = Math.min(BYTE_PREFIXES.length - 1, Math.floor(Math.log(size) / Math.log(BYTE_BASE)));
  return BYTE_BASE ** power;
}

/** `12.5 MiB`, `3.21 ms`, `17 threads`, `0.125`. */
export function valueText(value: number, unit: string): string {
  if (!Number.isFinite(value)) return value > 0 ? "infinity" : value < 0 ? "-infinity" : "unknown";
  const scale = scaleOf(Math.abs(value), unit);
  const scaled = value / scale;
  const decimals = Math.min(MAX_DECIMALS, Math.max(0, DIGITS - 1 - Math.floor(Math.log10(Math.abs(scaled) || 1))));
  const number = String(Number(scaled.toFixed(decimals)));
  const name = unit === "bytes" ? BYTE_PREFIXES[Math.round(Math.log(scale) / Math.log(BYTE_BASE))] : unit;
  return name === undefined || name === "" ? number : `${number} ${name}`;
}

/** A tick of an axis: as many decimals as the step needs; words for what is counted stand in the title of the plot. */
export function tickText(value: number, step: number, unit: string): string {
  const scale = scaleOf(Math.max(Math.abs(value), step), unit);
  const decimals = decimalsOf(step / scale);
  const number = (value / scale).toFixed(decimals);
  if (unit === "bytes") return `${number} ${BYTE_PREFIXES[Math.round(Math.log(scale) / Math.log(BYTE_BASE))]}`;
  return unit === "ms" ? `${number} ms` : number;
}

/** Decimals with which multiples of a step are told apart. */
function decimalsOf(step: number): number {
  let decimals = 0;
  for (let rest = step; decimals < MAX_DECIMALS && Math.abs(rest - Math.round(rest)) > NEARLY * rest; rest *= 10) {
    decimals++;
  }
  return decimals;
}
