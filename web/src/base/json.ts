/** JSON as Python writes it: bare NaN and Infinity become the words that numbers are read from. */

const BARE = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

export function parseLooseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const quoted = text.replace(BARE, (word) => (word.startsWith('"') ? word : `"${word}"`));
    if (quoted === text) throw error;
    return JSON.parse(quoted);
  }
}
