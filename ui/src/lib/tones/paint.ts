/** Paints the spectrum of a line in the colours of the theme. */
import { rows } from "../scope/lanes";
import type { Colours } from "../scope/paint";
import { HIGHEST_DBM0, HIGHEST_HZ, LEVEL_TICKS, LOWEST_DBM0, type Marker } from "./spectrum";

/** A marker with the words beside it. */
export interface Flag extends Marker {
  text: string;
  /** It belongs to the tone that leads. */
  leads: boolean;
}

export interface Picture {
  colours: Colours;
  /** Levels in dBm0 of equal bands from 0 Hz on; none: nothing is heard. */
  spectrum_dbm0: readonly (number | null)[];
  held_dbm0: readonly number[];
  flags: readonly Flag[];
  cursor_hz: number | null;
  /** The units of the axes. */
  units: { frequency: string; level: string };
}

/** Room for levels to the left, frequencies below, and labels above. */
const LEFT_PX = 42;
const BELOW_PX = 20;
const RIGHT_PX = 12;
const FLAG_ROWS = 4;
const FLAG_ROW_PX = 13;
const TICKS_HZ: readonly number[] = [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000];

export const plotLeft = LEFT_PX;
export const plotWidth = (width: number): number => Math.max(1, width - LEFT_PX - RIGHT_PX);

interface Plot {
  ctx: CanvasRenderingContext2D;
  top: number;
  bottom: number;
  right: number;
  x: (hz: number) => number;
  y: (dbm0: number) => number;
}

/** Paints on a canvas of this size in pixels of the page. */
export function paint(ctx: CanvasRenderingContext2D, width: number, height: number, picture: Picture): void {
  const { colours } = picture;
  ctx.clearRect(0, 0, width, height);
  ctx.font = `11px ${colours.font}`;
  ctx.textBaseline = "middle";
  const measured = picture.flags.map((flag) => ({ x: LEFT_PX + (flag.frequency_hz / HIGHEST_HZ) * plotWidth(width), width: ctx.measureText(flag.text).width + 10 }));
  const placed = rows(measured, FLAG_ROWS);
  const top = (Math.max(0, ...placed) + 1) * FLAG_ROW_PX + 6;
  const bottom = height - BELOW_PX;
  const plot: Plot = {
    ctx,
    top,
    bottom,
    right: LEFT_PX + plotWidth(width),
    x: (hz) => LEFT_PX + (hz / HIGHEST_HZ) * plotWidth(width),
    y: (dbm0) => bottom - ((Math.min(HIGHEST_DBM0, Math.max(LOWEST_DBM0, dbm0)) - LOWEST_DBM0) / (HIGHEST_DBM0 - LOWEST_DBM0)) * (bottom - top),
  };
  paintAxes(plot, picture);
  // What is heard stands before what is known.
  paintFlags(plot, picture, placed, measured);
  paintLevels(plot, picture);
  paintCursor(plot, picture);
}

function paintAxes({ ctx, top, bottom, right, x, y }: Plot, { colours, units }: Picture): void {
  ctx.fillStyle = colours.rule;
  for (const hz of TICKS_HZ) ctx.fillRect(Math.round(x(hz)), top, 1, bottom - top);
  for (const tick of LEVEL_TICKS) ctx.fillRect(LEFT_PX, Math.round(y(tick)), right - LEFT_PX, 1);
  ctx.fillRect(LEFT_PX, bottom, right - LEFT_PX, 1);
  ctx.fillStyle = colours.ink2;
  ctx.textAlign = "right";
  for (const tick of LEVEL_TICKS) ctx.fillText(String(tick).replace("-", "−"), LEFT_PX - 6, y(tick));
  ctx.fillText(units.level, LEFT_PX - 6, top - FLAG_ROW_PX);
  for (const hz of TICKS_HZ.filter((tick) => tick % 1000 === 0)) {
    const last = hz === HIGHEST_HZ;
    ctx.textAlign = last ? "right" : "center";
    ctx.fillText(last ? `${hz} ${units.frequency}` : String(hz), last ? right + RIGHT_PX - 2 : x(hz), bottom + BELOW_PX / 2 + 2);
  }
}

function paintLevels({ ctx, bottom, x, y }: Plot, { colours, spectrum_dbm0, held_dbm0 }: Picture): void {
  const bands = spectrum_dbm0.length;
  if (bands === 0) return;
  const band = HIGHEST_HZ / bands;
  const steps = (levels: readonly (number | null)[]): Path2D => {
    const path = new Path2D();
    levels.forEach((level, n) => {
      const at = y(level ?? LOWEST_DBM0);
      path.lineTo(x(n * band), at);
      path.lineTo(x((n + 1) * band), at);
    });
    return path;
  };
  const outline = steps(spectrum_dbm0);
  const area = new Path2D(outline);
  area.lineTo(x(HIGHEST_HZ), bottom);
  area.lineTo(x(0), bottom);
  ctx.fillStyle = `color-mix(in srgb, ${colours.hue("talking")} 26%, transparent)`;
  ctx.fill(area);
  ctx.strokeStyle = colours.hue("talking");
  ctx.lineWidth = 1.25;
  ctx.stroke(outline);
  // Where a held peak is no higher than what sounds, it would only thicken the line.
  ctx.fillStyle = colours.ink2;
  held_dbm0.forEach((level, n) => {
    if (level <= LOWEST_DBM0 || y(spectrum_dbm0[n] ?? LOWEST_DBM0) - y(level) < 3) return;
    ctx.fillRect(x(n * band), Math.round(y(level)), Math.max(1, x((n + 1) * band) - x(n * band)), 1);
  });
}

function paintFlags({ ctx, top, bottom }: Plot, { colours, flags }: Picture, placed: readonly number[], measured: readonly { x: number; width: number }[]): void {
  ctx.textAlign = "left";
  flags.forEach((flag, n) => {
    const at = Math.round(measured[n]?.x ?? 0);
    const row = placed[n] ?? -1;
    ctx.fillStyle = flag.leads ? colours.hue("dialing") : colours.control;
    const begins = row < 0 ? top : row * FLAG_ROW_PX + 1;
    ctx.globalAlpha = flag.leads ? 1 : 0.6;
    ctx.fillRect(at, begins, flag.leads ? 2 : 1, bottom - begins);
    ctx.globalAlpha = 1;
    if (row < 0) return;
    ctx.fillStyle = colours.surface;
    ctx.fillRect(at + 2, begins, (measured[n]?.width ?? 0) - 4, FLAG_ROW_PX - 1);
    ctx.fillStyle = flag.leads ? colours.hue("dialing") : colours.ink2;
    ctx.fillText(flag.text, at + 4, row * FLAG_ROW_PX + FLAG_ROW_PX / 2 + 1);
  });
}

function paintCursor({ ctx, top, bottom, x }: Plot, { colours, cursor_hz }: Picture): void {
  if (cursor_hz === null) return;
  ctx.fillStyle = colours.ink;
  ctx.fillRect(Math.round(x(cursor_hz)), top, 1, bottom - top);
}
