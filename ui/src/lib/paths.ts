/** Paths of settings, as the program writes them: `gateway.mode`, `ports[1].target`. */

/** The paths of all values that differ. */
export function changed(before: unknown, after: unknown, path = ""): string[] {
  if (Array.isArray(before) && Array.isArray(after) && (before.some(isTree) || after.some(isTree))) {
    const longer = before.length > after.length ? before : after;
    return longer.flatMap((_, index) => changed(before[index], after[index], `${path}[${index}]`));
  }
  if (isTree(before) && isTree(after)) {
    return Object.keys(after).flatMap((key) => changed(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) return before.join("\n") === after.join("\n") ? [] : [path];
  return before === after ? [] : [path];
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(tree: unknown, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .filter((step) => step !== "")
    .reduce<unknown>((value, step) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[step] : undefined), tree);
}

/** Puts a value where the path points; a path that leads nowhere changes nothing. */
export function putAt(tree: unknown, path: string, value: unknown): void {
  const at = Math.max(path.lastIndexOf("."), path.lastIndexOf("["));
  const owner = valueAt(tree, path.slice(0, Math.max(at, 0)));
  if (typeof owner === "object" && owner !== null) (owner as Record<string, unknown>)[path.slice(at + 1).replace("]", "")] = value;
}

/** The path as the table of settings has it: `ports[3].user` → `ports[].user`. */
export function general(path: string): string {
  return path.replace(/^ports\[\d*\]/, "ports[]");
}

/** The setting that an entry of a list belongs to: `gateway.dial_rules[2]` → `gateway.dial_rules`. */
export function ofList(path: string): string {
  return path.replace(/(\.\w+)\[\d+\]$/, "$1");
}

/** The path of one port: `ports[].user` → `ports[3].user`. A setting of the gateway as a whole stays as it is. */
export function ofPort(path: string, port: number): string {
  return path.replace(/^ports\[\d*\]/, `ports[${port}]`);
}

/** The port a path is about, counted from 0, and the name of its field. */
export function place(path: string): { port: number | null; field: string } {
  const port = /^ports\[(\d+)\]/.exec(path)?.[1];
  return { port: port === undefined ? null : Number(port), field: path.replace(/^(gateway|ports\[\d+\])\.?/, "") };
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
