/** `loopstart-trace-2026-11-25.txt`: the name that a file is offered under, with the day of what is in it on this computer's calendar. */
export function datedName(what: string, at: Date, ending: string): string {
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  return `loopstart-${what}-${day}.${ending}`;
}
