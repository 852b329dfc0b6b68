/** Letters and figures that nobody mistakes for each other when they are read aloud. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A secret that cannot be guessed: 20 characters, 115 bits. */
export function generateSecret(length = 20): string {
  const secret: string[] = [];
  // A byte beyond the last whole multiple of the alphabet would prefer its first letters: such bytes are thrown away.
  const limit = 256 - (256 % ALPHABET.length);
  while (secret.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      if (byte < limit && secret.length < length) secret.push(ALPHABET.charAt(byte % ALPHABET.length));
    }
  }
  return secret.join("");
}
