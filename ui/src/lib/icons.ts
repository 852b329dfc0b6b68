/** The window's own icons, drawn on a 16 by 16 grid with a stroke of 1.5. */
const STROKED = {
  ring: "M8 3.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9z",
  "ring-dashed": "M6.2 3.9a4.5 4.5 0 0 1 3.6 0M12.1 6.2a4.5 4.5 0 0 1 0 3.6M9.8 12.1a4.5 4.5 0 0 1-3.6 0M3.9 9.8a4.5 4.5 0 0 1 0-3.6",
  unplugged: "M6 2.5v3M10 2.5v3M4.5 5.5h7v2a3.5 3.5 0 0 1-7 0zM8 11v2.5M2.5 13.5l11-11",
  handset: "M2.5 6.5c3-3 8-3 11 0v2h-3l-.5-2h-4l-.5 2h-3z",
  bell: "M8 2.5a3.5 3.5 0 0 1 3.5 3.5c0 3 1.5 4 1.5 5H3c0-1 1.5-2 1.5-5A3.5 3.5 0 0 1 8 2.5zM6.8 13.3h2.4",
  "bell-out": "M6.5 3.5A3 3 0 0 1 9.5 6.5c0 2.8 1.3 3.7 1.3 4.5H2.2c0-.8 1.3-1.7 1.3-4.5a3 3 0 0 1 3-3zM5.4 13.3h2.2M11 3h3v3M14 3l-3 3",
  dots: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  keypad: "M4 3.5h.01M8 3.5h.01M12 3.5h.01M4 8h.01M8 8h.01M12 8h.01M4 12.5h.01M8 12.5h.01M12 12.5h.01",
  hook: "M3 4.5h10M8 4.5v7M5 9l3 3l3-3",
  play: "M5 3.5l7 4.5l-7 4.5z",
  scope: "M2 8h2.5l1.5-4l3 8l1.5-4H14",
  spectrum: "M2.5 13.5v-3M5.2 13.5v-6M8 13.5v-11M10.8 13.5v-5M13.5 13.5v-2",
  probe: "M2.5 13.5l4-4M6 7l3 3l4-4a2.1 2.1 0 0 0-3-3z",
  pause: "M5.5 4v8M10.5 4v8",
  stop: "M4.5 4.5h7v7h-7z",
  barred: "M8 2.8a5.2 5.2 0 1 1 0 10.4a5.2 5.2 0 0 1 0-10.4zM5 8h6",
  alarm: "M8 2.5l6 10.5H2zM8 6.5v3M8 11.3h.01",
  info: "M8 2.8a5.2 5.2 0 1 1 0 10.4a5.2 5.2 0 0 1 0-10.4zM8 7.5v3M8 5.3h.01",
  warning: "M8 2.8a5.2 5.2 0 1 1 0 10.4a5.2 5.2 0 0 1 0-10.4zM8 5v3.5M8 10.8h.01",
  overview: "M2.5 3h4.5v5h-4.5zM9 3h4.5v3h-4.5zM9 8h4.5v5h-4.5zM2.5 10h4.5v3h-4.5z",
  profiles: "M4 2.5h5l3 3v8H4zM9 2.5v3h3M6 8.5h4M6 11h4",
  lock: "M4 7.5h8v6H4zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2M8 10v1.2",
  people: "M6 3a2.3 2.3 0 1 1 0 4.6a2.3 2.3 0 0 1 0-4.6zM1.8 13c0-2.6 1.8-4 4.2-4s4.2 1.4 4.2 4M11 3.2a2.2 2.2 0 0 1 0 4.2M12 9.3c1.4.5 2.2 1.8 2.2 3.7",
  eye: "M1.5 8c1.7-3 4-4.3 6.5-4.3S12.8 5 14.5 8c-1.7 3-4 4.3-6.5 4.3S3.2 11 1.5 8zM8 6a2 2 0 1 1 0 4a2 2 0 0 1 0-4z",
  "eye-off": "M1.5 8c1.7-3 4-4.3 6.5-4.3S12.8 5 14.5 8c-1.7 3-4 4.3-6.5 4.3S3.2 11 1.5 8zM3 13l10-10",
  dice: "M3 3h10v10H3zM5.7 5.7h.01M10.3 5.7h.01M8 8h.01M5.7 10.3h.01M10.3 10.3h.01",
  copy: "M5.5 5.5h7.5v7.5H5.5zM3 10.5V3h7.5",
  check: "M3 8.5l3.5 3.5L13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  down: "M4 6.5l4 4l4-4",
  up: "M4 9.5l4-4l4 4",
  arrow: "M2.5 8h10.5M9.5 4.5L13 8l-3.5 3.5",
  back: "M6 3.5L2.5 7L6 10.5M2.5 7h7a4 4 0 0 1 0 8H7",
  history: "M8 2.5a5.5 5.5 0 1 1-5.2 3.7M2.5 3v3.2h3.2M8 5v3.2l2.2 1.3",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  exchange: "M3 3h10v4H3zM3 9h10v4H3zM5.5 5h.01M5.5 11h.01M8.5 5h2.5M8.5 11h2.5",
  ladder: "M3 2.5v11M13 2.5v11M3 5.5h7.5M8.5 3.5l2 2l-2 2M13 10.5H5.5M7.5 8.5l-2 2l2 2",
  globe: "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11zM2.5 8h11M8 2.5c2 1.6 2.7 3.4 2.7 5.5S10 11.9 8 13.5C6 11.9 5.3 10.1 5.3 8S6 4.1 8 2.5z",
  cable: "M4 2.5v3M7 2.5v3M2.5 5.5h6v2a3 3 0 0 1-6 0zM5.5 10.5v1a2 2 0 0 0 4 0V6a2 2 0 0 1 4 0v7.5",
  calls: "M2.5 4.5h4M2.5 8h4M2.5 11.5h4M9 3.2l1.8-.4l1 2.4l-1.2 1c.5 1.2 1.1 1.8 2.1 2.4l1.1-1.1l1.4 1.6c-.2 1.8-1 2.6-2.4 2.4c-3-.7-5.6-4.5-3.8-8.300z",
  "call-in": "M13 3L4 12M4 6v6h6",
  "call-out": "M3 13L12 4M6 4h6v6",
  save: "M8 2.5v7.5M4.8 7l3.2 3.2L11.2 7M2.8 11v2.5h10.4V11",
  trash: "M3 4.5h10M6.3 4.5v-2h3.4v2M4.3 4.5l.6 9h6.200l.6-9M6.8 7v4M9.2 7v4",
  sound: "M2.5 6.2v3.6h2.4l3.1 2.7V3.5L4.9 6.2zM10.6 5.8a3.2 3.2 0 0 1 0 4.4M12.5 4a5.8 5.8 0 0 1 0 8",
  box: "M2.5 5.5h11v6h-11zM4.5 5.5v-2h7v2M5 8.5h.01M7.5 8.5h.01M10 8.5h1.5",
  pulse: "M1.5 8.5h3l2-5l3 9l2-4h3",
  search: "M7 2.8a4.2 4.2 0 1 1 0 8.4a4.2 4.2 0 0 1 0-8.4zM10.2 10.2l3.3 3.3",
  display: "M2.5 3.5h11v7.5h-11zM6 13.5h4M8 11v2.5",
  plus: "M8 3.5v9M3.5 8h9",
  cross: "M8 2.8a5.2 5.2 0 1 1 0 10.4a5.2 5.2 0 0 1 0-10.4zM6 6l4 4M10 6l-4 4",
  pass: "M8 2.8a5.2 5.2 0 1 1 0 10.4a5.2 5.2 0 0 1 0-10.4zM5.5 8.2l1.8 1.8l3.2-3.8",
} as const;

/** Icons that are filled instead of stroked. */
const FILLED = {
  talk: "M8 3a5 5 0 1 1 0 10a5 5 0 0 1 0-10z",
} as const;

export type IconName = keyof typeof STROKED | keyof typeof FILLED;

/** The path of an icon and whether it is filled. */
export function drawing(name: IconName): { path: string; filled: boolean } {
  return name in FILLED
    ? { path: FILLED[name as keyof typeof FILLED], filled: true }
    : { path: STROKED[name as keyof typeof STROKED], filled: false };
}
