/** A dialling rule as a person edits it, and as the program writes it: `allow 9. strip 1 add 015`. The program checks it. */

export interface DialRule {
  action: "allow" | "deny";
  pattern: string;
  /** So many places of the number are not dialled; blank: none. */
  strip: string;
  /** Dialled before the rest. */
  add: string;
}

export const NEW_RULE: DialRule = { action: "deny", pattern: "", strip: "", add: "" };

/** The parts of a rule; what is missing is blank. */
export function ruleOf(text: string): DialRule {
  const [action, pattern = "", ...rest] = text.trim().split(/\s+/);
  const after = (word: string): string => {
    const at = rest.indexOf(word);
    return at < 0 ? "" : (rest[at + 1] ?? "");
  };
  return { action: action === "deny" ? "deny" : "allow", pattern, strip: after("strip"), add: after("add") };
}

/** The rule as the program reads it. A number that is refused is not rewritten. */
export function ruleText({ action, pattern, strip, add }: DialRule): string {
  const words: string[] = [action, pattern];
  if (action === "allow" && Number(strip) > 0) words.push("strip", strip);
  if (action === "allow" && add !== "") words.push("add", add);
  return words.filter((word) => word !== "").join(" ");
}
