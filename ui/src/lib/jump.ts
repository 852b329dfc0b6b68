/** Brings a setting before a person's eyes: its page, its port, its field. */
import type { Settings } from "./ipc/types";
import { general, ofList, ofPort, place } from "./paths";
import { pageOf } from "./setting_pages";
import { draft } from "./state/draft.svelte";
import { route } from "./state/route.svelte";

/** Goes to the field of a path, as the program names it; `false` when no page has it. */
export function jump(path: string): boolean {
  const wanted = unfolded(ofList(path), draft.settings);
  const page = pageOf(general(wanted));
  if (!page) return false;
  const { port } = place(wanted);
  const everyPort = port === null && wanted.startsWith("ports[]");
  if (port !== null) route.port = port;
  // Users & Ports shows each port by itself; the other pages show one port, or all at once.
  const one = everyPort ? (page === "users_and_ports" ? 0 : route.port) : null;
  route.go(page, one === null ? wanted : ofPort(wanted, one));
  return true;
}

/** The field that stands for one that is folded away: with a single user the pairs of the ports are, without one its own pair is. */
function unfolded(path: string, { gateway }: Settings): string {
  if (!/\.(user|secret)$/.test(path)) return path;
  const shared = gateway.single_user && gateway.mode !== "sip_trunk";
  return shared === path.startsWith("gateway.") ? path : "gateway.single_user";
}
