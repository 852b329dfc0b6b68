/** Paints the levels of a sound over its time, in the colours of the theme. */
import type { Colours } from "./scope/paint";

export const LOWEST_DBM0 = -63;
export const HIGHEST_DBM0 = 3;
/** Levels that have a rule and a figure. */
export const TICKS_DBM0 = [0, -20, -40, -60] as const;

/** The flag of a marker, in CSS pixels. */
const FLAG_PX = 8;

/** Where tones would have ended the call, from 0 to 1. */
export interface StripMarker {
  place: number;
  /** It would have been wrong. */
  wrong: boolean;
}

export interface Strip {
  width: number;
  height: number;
  /** A level for each pixel of the width, in dBm0. */
  levels: readonly number[];
  markers: readonly StripMarker[];
}

/** How far below the top a level stands, from 0 to 1. */
export function depth(level_dbm0: number): number {
  const shown = Math.min(HIGHEST_DBM0, Math.max(LOWEST_DBM0, level_dbm0));
  return (HIGHEST_DBM0 - shown) / (HIGHEST_DBM0 - LOWEST_DBM0);
}

/** Times in whole seconds that have a figure on the axis of a sound of this length. */
export function secondTicks(duration_s: number): number[] {
  const step = duration_s >= 10 ? 5 : 1;
  return Array.from({ length: Math.floor(duration_s / step) + 1 }, (_, n) => n * step);
}

/** `talking` and `fault` are hues of the theme; `ctx` counts in CSS pixels. */
export function paintStrip(ctx: CanvasRenderingContext2D, strip: Strip, colours: Colours & { fault: string }): void {
  const { width, height, levels, markers } = strip;
  ctx.clearRect(0, 0, width, height);
  ctx.fillStyle = colours.rule;
  for (const tick of TICKS_DBM0) ctx.fillRect(0, Math.round(depth(tick) * height), width, 1);
  const outline = new Path2D();
  levels.forEach((level, x) => outline.lineTo(x + 0.5, Math.min(height - 0.75, depth(level) * height)));
  const area = new Path2D(outline);
  area.lineTo(levels.length - 0.5, height);
  area.lineTo(0.5, height);
  area.closePath();
  ctx.fillStyle = `color-mix(in srgb, ${colours.hue("talking")} 22%, transparent)`;
  ctx.fill(area);
  ctx.strokeStyle = colours.hue("talking");
  ctx.lineWidth = 1.5;
  ctx.stroke(outline);
  for (const { place, wrong } of markers) {
    const x = Math.round(Math.min(width - 1, place * width));
    ctx.fillStyle = wrong ? colours.fault : colours.ink;
    ctx.fillRect(x, 0, 1, height);
    // Near the right edge a flag flies to the left of its mast.
    const flies = x + FLAG_PX > width ? -FLAG_PX : FLAG_PX;
    ctx.beginPath();
    ctx.moveTo(x + 0.5, 0);
    ctx.lineTo(x + 0.5 + flies, FLAG_PX / 2);
    ctx.lineTo(x + 0.5, FLAG_PX);
    ctx.closePath();
    ctx.fill();
  }
}
