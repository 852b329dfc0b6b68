/** Paths of settings, as the program writes them: `gateway.mode`, `ports[1].target`. */

/** The paths of all values that differ. */
export function changed(before: unknown, after: unknown, path = ""): string[] {
  if (Array.isArray(before) && Array.isArray(after) && before.some(isTree)) {
    return after.flatMap((value, index) => changed(before[index], value, `${path}[${index}]`));
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

/** The port a path is about, counted from 0, and the name of its field. */
export function place(path: string): { port: number | null; field: string } {
  const port = /^ports\[(\d+)\]/.exec(path)?.[1];
  return { port: port === undefined ? null : Number(port), field: path.replace(/^(gateway|ports\[\d+\])\.?/, "") };
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
