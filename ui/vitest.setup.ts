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
