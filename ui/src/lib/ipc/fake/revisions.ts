/** The revisions that the toy world has behind it. */
import type { RevisionKind, Settings } from "../types";

const HOUR_MS = 3_600_000;

interface Past {
  settings: Settings;
  kind: RevisionKind;
  ago_ms: number;
  program?: string;
}

/** A few days of work that end at `now`. */
export function pastOf(now: Settings): Past[] {
  const changed = (change: (settings: Settings) => void): Settings => {
    const settings = structuredClone(now);
    change(settings);
    return settings;
  };
  const imported = changed((settings) => {
    settings.gateway.remote_server = "antigo.example";
    settings.ports.forEach((port) => (port.target = ""));
  });
  const targets = changed((settings) => {
    settings.gateway.remote_server = "antigo.example";
  });
  const wrong = changed((settings) => {
    settings.gateway.remote_server = "pbx.exmaple";
    settings.ports.forEach((port) => (port.line = { ...port.line, guard_ms: 800 }));
  });
  return [
    { settings: imported, kind: "import", ago_ms: 25.5 * HOUR_MS, program: "loopstartd" },
    { settings: targets, kind: "apply", ago_ms: 22 * HOUR_MS },
    { settings: wrong, kind: "apply", ago_ms: 3.4 * HOUR_MS },
    { settings: targets, kind: "rollback", ago_ms: 3.39 * HOUR_MS },
    { settings: now, kind: "apply", ago_ms: 2.1 * HOUR_MS },
  ];
}
