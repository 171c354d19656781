/** A plot as an inline SVG: readable without a script, printed as it is seen. */

import { escapeHtml } from "../src/report/escape.ts";
import type { Fit, Plot } from "./plots.ts";
import { clockText } from "./soak_text.ts";
import { scaleOf, tickText } from "./value_text.ts";

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 98;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;
const VALUE_TICKS = 4;
const TIME_TICKS = 6;
/** Room above and below the values, as a share of their range. */
const MARGIN = 0.06;
/** Range of a series that never changes, as a share of its value. */
const FLAT_SHARE = 0.02;
const STEPS = [1, 2, 2.5, 5, 10];
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Round steps that divide a range into about `count` parts, in the base the unit is written in. */
function stepOf(range: number, count: number, unit: string): number {
  const rough = range / count;
  const base = scaleOf(rough, unit);
  const power = 10 ** Math.floor(Math.log10(rough / base));
  return base * power * (STEPS.find((step) => step * power * base >= rough) ?? 10);
}

function ticks(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step);
}

/** What the frame of a plot holds. */
interface Frame {
  readonly x: (t_s: number) => string;
  readonly y: (value: number) => string;
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
}

function frameOf({ columns, fit }: Plot): Frame {
  const values = columns.flatMap(({ low, high }) => [low, high]);
  const ends = fit === undefined ? [] : fit.curve.map(({ value }) => value);
  let low = Infinity;
  let high = -Infinity;
  for (const value of [...values, ...ends]) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const room = high > low ? (high - low) * MARGIN : Math.max(Math.abs(high) * FLAT_SHARE, 1);
  [low, high] = [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
  const from = Math.min(0, columns[0]?.t_s ?? 0);
  const to = Math.max(columns.at(-1)?.t_s ?? 1, from + 1);
  const inside = (value: number) => Math.max(low, Math.min(high, value));
  return {
    low,
    high,
    from,
    to,
    x: (t_s) => (LEFT + (Math.max(from, Math.min(to, t_s)) - from) / (to - from) * (WIDTH - LEFT - RIGHT)).toFixed(1),
    y: (value) => (TOP + (high - inside(value)) / (high - low) * (HEIGHT - TOP - BOTTOM)).toFixed(1),
  };
}

/** The line, the two that the ends of its interval allow through its middle, and the curve of what was fitted in all. */
function fitted({ from, to, curve, low, high }: Fit, { x, y }: Frame): string {
  const middle = { t_s: (from.t_s + to.t_s) / 2, value: (from.value + to.value) / 2 };
  const half = (to.t_s - from.t_s) / 2;
  const end = (slope: number, sign: number) =>
    `${x(middle.t_s + sign * half)},${y(middle.value + sign * slope * half)}`;
  const centre = `${x(middle.t_s)},${y(middle.value)}`;
  const wedge = [end(low, -1), centre, end(low, 1), end(high, 1), centre, end(high, -1)].join(" ");
  return `<polygon class="wedge" points="${wedge}"/>` +
    `<line class="fit" x1="${x(from.t_s)}" y1="${y(from.value)}" x2="${x(to.t_s)}" y2="${y(to.value)}"/>` +
    (curve.length <= 2
      ? ""
      : `<polyline class="curve" points="${curve.map(({ t_s, value }) => `${x(t_s)},${y(value)}`).join(" ")}"/>`);
}

/** The plot; every text in it is escaped. */
export function plotSvg(plot: Plot): string {
  const frame = frameOf(plot);
  const { x, y, low, high, from, to } = frame;
  const step = stepOf(high - low, VALUE_TICKS, plot.unit);
  const timeStep = TIME_STEPS_S.find((seconds) => seconds * TIME_TICKS >= to - from) ?? 86_400;
  const bottom = HEIGHT - BOTTOM;
  const grid = ticks(low, high, step).map((value) =>
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>` +
    `<text x="${LEFT - 6}" y="${y(value)}" dy="4" text-anchor="end">${
      escapeHtml(tickText(value, step, plot.unit))
    }</text>`
  ).join("");
  const times = ticks(from, to, timeStep).map((t) =>
    `<text x="${x(t)}" y="${HEIGHT - 8}" text-anchor="middle">${clockText(t)}</text>`
  ).join("");
  const shaded = plot.excluded.map(({ from: start, to: end, why }) => {
    const wide = Math.max(1, Number(x(end)) - Number(x(start)));
    return `<rect class="excluded" x="${x(start)}" y="${TOP}" width="${wide.toFixed(1)}" height="${
      bottom - TOP
    }"><title>${escapeHtml(why)}</title></rect>`;
  }).join("");
  const band = [
    ...plot.columns.map(({ t_s, high: top }) => `${x(t_s)},${y(top)}`),
    ...plot.columns.map(({ t_s, low: under }) => `${x(t_s)},${y(under)}`).reverse(),
  ].join(" ");
  const middle = plot.columns.map(({ t_s, middle: value }) => `${x(t_s)},${y(value)}`).join(" ");
  const floors = plot.floors.map(({ t_s, value }) => `<circle class="floor" cx="${x(t_s)}" cy="${y(value)}" r="2"/>`)
    .join("");
  return `<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${
    escapeHtml(plot.name)
  } over time">${shaded}${grid}${times}<polygon class="band" points="${band}"/><polyline class="middle" points="${middle}"/>${floors}${
    plot.fit === undefined ? "" : fitted(plot.fit, frame)
  }</svg>`;
}
