/** Paints bands, flags, cursors and labels on the plot of the scope, in the colours of the theme. */
import type uPlot from "uplot";

import { BAND_PX, bandTops, FLAG_ROW_PX, FLAG_ROWS, rows, type BandName, type Bands, type Lane } from "./lanes";
import type { MarkHue } from "../marks";

/** The colours of the theme that the scope needs. */
export interface Colours {
  ink: string;
  ink2: string;
  rule: string;
  control: string;
  surface: string;
  font: string;
  hue: (hue: MarkHue) => string;
}

export function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ink: token("--ink"),
    ink2: token("--ink-2"),
    rule: token("--rule"),
    control: token("--control"),
    surface: token("--surface"),
    font: style.fontFamily,
    hue: (hue) => token(`--${hue}`),
  };
}

export interface Painting {
  colours: Colours;
  lanes: readonly Lane[];
  bands: Bands;
  flags: readonly { at_ms: number; text: string | undefined; hue: MarkHue }[];
  cursors: readonly { name: string; at_ms: number }[];
  laneName: (name: Lane["name"] | BandName) => string;
}

const BAND_HUE: Readonly<Record<BandName, MarkHue>> = { ring: "ringing", hook: "talking", polarity: "dialing" };

/** The plot's area in device pixels, and a pen that counts in pixels of the page. */
function pen(u: uPlot, colours: Colours): { ctx: CanvasRenderingContext2D; ratio: number; left: number; top: number; width: number; height: number } {
  const ratio = u.ctx.canvas.width / Math.max(1, u.width);
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.scale(ratio, ratio);
  u.ctx.font = `11px ${colours.font}`;
  return { ctx: u.ctx, ratio, left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio };
}

const x = (u: uPlot, at_ms: number, left: number): number => left + u.valToPos(at_ms / 1000, "x");

/** What lies below the traces: rules of the lanes, and bands. */
export function paintGround(u: uPlot, { colours, lanes, bands, laneName }: Painting): void {
  const { ctx, left, top, width, height } = pen(u, colours);
  ctx.textBaseline = "middle";
  for (const lane of lanes) {
    const y = (value: number): number => top + lane.bottom - ((value - lane.lowest) / (lane.highest - lane.lowest)) * (lane.bottom - lane.top);
    ctx.textAlign = "right";
    for (const tick of lane.ticks) {
      ctx.fillStyle = colours.rule;
      ctx.fillRect(left, Math.round(y(tick)), width, 1);
      ctx.fillStyle = colours.ink2;
      ctx.fillText(String(tick).replace("-", "−"), left - 6, y(tick));
    }
  }
  const tops = bandTops(height);
  for (const band of Object.keys(tops) as BandName[]) {
    const y = top + tops[band];
    ctx.fillStyle = colours.rule;
    ctx.fillRect(left, Math.round(y + BAND_PX - 1), width, 1);
    ctx.fillStyle = colours.ink2;
    ctx.textAlign = "right";
    ctx.fillText(laneName(band), left - 6, y + BAND_PX / 2);
    ctx.fillStyle = colours.hue(BAND_HUE[band]);
    for (const { from_ms, to_ms } of bands[band]) {
      const begins = x(u, from_ms, left);
      ctx.fillRect(begins, y + 2, Math.max(2, x(u, to_ms, left) - begins), BAND_PX - 5);
    }
  }
  ctx.restore();
}

/** What lies above the traces: flags, the names of the lanes, and the two cursors. */
export function paintFlags(u: uPlot, { colours, lanes, laneName, flags, cursors }: Painting): void {
  const { ctx, left, top, width, height } = pen(u, colours);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  const shown = flags.flatMap(({ at_ms, text, hue }) => (text === undefined ? [] : [{ at: x(u, at_ms, left), text, hue }]));
  const measured = shown.map((flag) => ({ x: flag.at, width: ctx.measureText(flag.text).width + 12 }));
  const placed = rows(measured, FLAG_ROWS);
  shown.forEach((flag, n) => {
    const row = placed[n] ?? -1;
    const colour = colours.hue(flag.hue);
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.45;
    const begins = row < 0 ? FLAG_ROWS * FLAG_ROW_PX : row * FLAG_ROW_PX;
    ctx.fillRect(Math.round(flag.at), top + begins, 1, height - begins);
    ctx.globalAlpha = 1;
    if (row < 0) return;
    // Near the right edge a flag flies to the left of its mast.
    const flies = (measured[n]?.width ?? 0) + flag.at > left + width ? -(measured[n]?.width ?? 0) + 4 : 4;
    ctx.fillStyle = colours.surface;
    ctx.fillRect(flag.at + flies - 2, top + begins + 1, (measured[n]?.width ?? 0) - 6, FLAG_ROW_PX - 2);
    ctx.fillStyle = colour;
    ctx.fillText(flag.text, flag.at + flies, top + begins + FLAG_ROW_PX / 2);
    ctx.fillRect(Math.round(flag.at) - 1, top + begins + 2, 2, FLAG_ROW_PX - 4);
  });
  // Masts and rules run behind a name.
  ctx.lineWidth = 4;
  ctx.strokeStyle = colours.surface;
  ctx.fillStyle = colours.ink2;
  for (const lane of lanes) {
    ctx.strokeText(laneName(lane.name), left + 6, top + lane.top - 8);
    ctx.fillText(laneName(lane.name), left + 6, top + lane.top - 8);
  }
  for (const { name, at_ms } of cursors) {
    const at = x(u, at_ms, left);
    if (at < left || at > left + width) continue;
    ctx.fillStyle = colours.ink;
    ctx.fillRect(Math.round(at), top, 1, height);
    ctx.fillRect(at - 7, top + height - 16, 15, 15);
    ctx.fillStyle = colours.surface;
    ctx.textAlign = "center";
    ctx.fillText(name, at + 0.5, top + height - 8);
  }
  ctx.restore();
}
