/** Which page is shown. Pages are named here once; the sidebar and the body follow. */
import type { Key } from "../../i18n";
import type { IconName } from "../icons";

export type PageName = "overview" | "users_and_ports";

export const PAGES: readonly { name: PageName; icon: IconName; title: Key }[] = [
  { name: "overview", icon: "overview", title: "nav.overview" },
  { name: "users_and_ports", icon: "people", title: "nav.users_and_ports" },
];

class Route {
  page: PageName = $state(fromHash());
  /** Whether the panel of the virtual exchange is open. */
  exchange: boolean = $state(new URLSearchParams(location.search).get("exchange") === "open");
  /** The field to bring before a person's eyes, as the program names it. */
  field: string | null = $state(null);

  go(page: PageName, field: string | null = null): void {
    this.page = page;
    this.field = field;
    location.hash = page;
  }
}

function fromHash(): PageName {
  return PAGES.find(({ name }) => `#${name}` === location.hash)?.name ?? "overview";
}

export const route = new Route();
