import type { Millis } from '../ownership/window.ts'

/** The moment at which a reply shows the thing with this id. */
export type View = (id: string) => Millis

/** A thing as a reply shows it. */
export type Seen<T> = { readonly thing: T; readonly atMs: Millis }

/** Those that were there at their moments, in the order of their ids, which is that of pages. */
export const seen = <T extends { readonly id: string }>(
  things: readonly T[],
  view: View,
  isThere: (thing: T, atMs: Millis) => boolean,
): Seen<T>[] =>
  things
    .map(thing => ({ thing, atMs: view(thing.id) }))
    .filter(({ thing, atMs }) => isThere(thing, atMs))
    .sort((a, b) => (a.thing.id < b.thing.id ? -1 : 1))
