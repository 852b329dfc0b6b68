import "@testing-library/jest-dom/vitest";
import { configure } from "@testing-library/svelte";

// What is missing is said in a line, not in a whole page.
configure({ getElementError: (message) => new Error(message ?? "") });

// What a browser has and jsdom has not.
Element.prototype.scrollIntoView = () => {};
Element.prototype.hasPointerCapture = () => false;
globalThis.ResizeObserver = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
globalThis.IntersectionObserver = class implements IntersectionObserver {
  readonly root = null;
  readonly rootMargin = "";
  readonly scrollMargin = "";
  readonly thresholds: readonly number[] = [];
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): IntersectionObserverEntry[] {
    return [];
  }
};

/** Nothing is preferred: light, with motion, in usual contrast. */
class MediaQueries extends EventTarget implements MediaQueryList {
  readonly matches = false;
  onchange = null;
  constructor(readonly media: string) {
    super();
  }
  addListener(): void {}
  removeListener(): void {}
}
globalThis.matchMedia = (query) => new MediaQueries(query);

// A canvas that takes every stroke and shows none. Letters have a width, so that labels find their places.
const LETTER_PX = 6;
globalThis.Path2D = class {} as typeof Path2D;
for (const stroke of ["addPath", "arc", "closePath", "ellipse", "lineTo", "moveTo", "rect"]) {
  Object.defineProperty(Path2D.prototype, stroke, { value: () => undefined });
}
function pen(canvas: HTMLCanvasElement): unknown {
  const known: Record<string | symbol, unknown> = { canvas, measureText: (text: string) => ({ width: LETTER_PX * text.length }) };
  return new Proxy(known, { get: (all, name) => (name in all ? all[name] : () => undefined) });
}
HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement) {
  return pen(this);
} as typeof HTMLCanvasElement.prototype.getContext;
