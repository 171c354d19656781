/** Cutting the pages of a document into overlapping passages. M05 §3.1. */

/** A stretch of a document. */
export interface Passage {
  readonly text: string;
  /** Page it stands on, from 1; undefined for documents without pages. */
  readonly page: number | undefined;
}

/** One page of a document. */
export interface Page {
  readonly text: string;
  readonly number: number | undefined;
}

/** Words of a text; a word counts as one token. */
export function tokenize(text: string): string[] {
  return text.match(/\S+/g) ?? [];
}

/**
 * Passages of at most `size` tokens; each shares `overlap` tokens with the one before it on the same page. A passage
 * never spans pages, so that a hit can name its page.
 */
export function cutPassages(pages: readonly Page[], size: number, overlap: number): Passage[] {
  const step = Math.max(1, size - overlap);
  const passages: Passage[] = [];
  for (const page of pages) {
    const tokens = tokenize(page.text);
    for (let at = 0; at < tokens.length; at += step) {
      passages.push({ text: tokens.slice(at, at + size).join(" "), page: page.number });
      if (at + size >= tokens.length) break;
    }
  }
  return passages;
}
