/** Which page is shown. Pages are named here once; the sidebar and the body follow. */
import type { Key } from "../../i18n";
import type { IconName } from "../icons";
import type { PortId } from "../ipc/types";

interface Page {
  name: string;
  icon: IconName;
  title: Key;
  /** The page edits the draft: the bar of Apply always stands below it. */
  edits: boolean;
}

export const PAGES = [
  { name: "overview", icon: "overview", title: "nav.overview", edits: false },
  { name: "users_and_ports", icon: "people", title: "nav.users_and_ports", edits: true },
  { name: "sip", icon: "globe", title: "nav.sip", edits: true },
  { name: "lines", icon: "cable", title: "nav.lines", edits: true },
  { name: "audio", icon: "sound", title: "nav.audio", edits: true },
  { name: "devices", icon: "box", title: "nav.devices", edits: false },
  { name: "calls", icon: "calls", title: "nav.calls", edits: false },
  { name: "profiles", icon: "profiles", title: "nav.profiles", edits: false },
  { name: "diagnostics", icon: "pulse", title: "nav.diagnostics", edits: false },
  { name: "about", icon: "info", title: "nav.about", edits: false },
] as const satisfies readonly Page[];

export type PageName = (typeof PAGES)[number]["name"];

class Route {
  page: PageName = $state(fromHash());
  /** Whether the panel of the virtual exchange is open. */
  exchange: boolean = $state(new URLSearchParams(location.search).get("exchange") === "open");
  /** The port whose scope fills the overview; `null`: all ports. */
  scope: number | null = $state(scopeFromHash());
  /** Whether the tones on the line are looked at beside its scope. */
  tones: boolean = $state(false);
  /** The field to bring before a person's eyes, as the program names it. */
  field: string | null = $state(null);
  /** The port whose lines and digits are edited; `null`: all ports at once. */
  port: PortId | null = $state(null);

  /** Whether this page edits the draft. */
  edits: boolean = $derived(PAGES.find(({ name }) => name === this.page)?.edits ?? false);

  go(page: PageName, field: string | null = null): void {
    this.page = page;
    this.field = field;
    this.scope = null;
    location.hash = page;
  }

  /** Fills the overview with one port and its scope, or shows all ports again. */
  showScope(port: number | null): void {
    this.page = "overview";
    this.scope = port;
    location.hash = port === null ? "overview" : `overview?port=${port + 1}`;
  }

  /** Goes where the address says: a person went back or forward. */
  follow(): void {
    this.page = fromHash();
    this.scope = scopeFromHash();
  }
}

function fromHash(): PageName {
  const [page] = location.hash.slice(1).split("?");
  return PAGES.find(({ name }) => name === page)?.name ?? "overview";
}

/** `#overview?port=2`: ports are counted from one where people read them. */
function scopeFromHash(): number | null {
  const port = Number(new URLSearchParams(location.hash.split("?")[1]).get("port") ?? NaN);
  return Number.isInteger(port) && port > 0 ? port - 1 : null;
}

export const route = new Route();
