/** How long a passphrase resists whoever has the file. A hint, never a rule. */
export type Strength = "weak" | "fair" | "strong";

/** Fewer different characters than this are one key held down. */
const FEWEST_DIFFERENT = 6;

export function strength(passphrase: string): Strength {
  const characters = [...passphrase];
  if (characters.length < 12 || new Set(characters).size < FEWEST_DIFFERENT) return "weak";
  return characters.length < 20 ? "fair" : "strong";
}
