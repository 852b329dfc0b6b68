import { afterEach, expect, it } from "vitest";

import { repairLanguage } from "../lib/language";

afterEach(() => {
  delete (navigator as { language?: string }).language;
});

it.each([
  ["pt-BR", "pt-BR"],
  ["c-utf-8", "en"],
  ["C", "en"],
  ["", "en"],
])("of a system that says %s, libraries hear %s", (told, heard) => {
  Object.defineProperty(navigator, "language", { value: told, configurable: true });
  repairLanguage();
  expect(navigator.language).toBe(heard);
  expect(() => new Intl.NumberFormat(navigator.language)).not.toThrow();
});
