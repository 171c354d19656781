/** Lists of byte pieces. Nearly all hold one or none: they are made at that length, where pushing takes room for many. */

import { concat } from "../protocol/mod.ts";

/** The empty list; {@linkcode added} never changes it. */
export const NONE: Uint8Array[] = [];
Object.freeze(NONE);

/** The list with one more piece: the same list, unless it was the empty one. */
export function added(list: Uint8Array[], piece: Uint8Array): Uint8Array[] {
  if (list.length === 0) return [piece];
  list.push(piece);
  return list;
}

/** All pieces as one; a single one as it is. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0] as Uint8Array : concat(pieces);
}
