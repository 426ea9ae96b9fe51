import { type Millis, overlaps, type Window } from '../../ownership/window.ts'
import { dayFolder, folderPlace } from './folder-path.ts'
import { type FlowObjectRef, partsOfKey } from './object-ref.ts'

/** A bucket as it can be walked. */
export type Folders = {
  /** Every object whose key begins so. */
  list(signal?: AbortSignal, under?: string): AsyncIterable<FlowObjectRef>
  /** Only one level: the objects whose keys have no further slash, and the folders of the others, each once. */
  level(under: string, signal?: AbortSignal): AsyncIterable<FlowObjectRef | { readonly folder: string }>
}

export type WindowListing = {
  readonly prefix: string
  /** That the ends of records lie in. May be open on either side. */
  readonly window: Window
  /** How much later than its window a file may be made; its folder is that of when it was made. */
  readonly latenessMs: Millis
}

/** The longest aggregation interval. */
const INTERVAL_MS = 10 * 60_000
const DAY_MS = 24 * 3600_000
/** Up to so many days are asked for by name; of more, the folders that are there are looked up first. */
const MOST_NAMED_DAYS = 4

/**
 * Every object under the prefix that may hold a record that ends in the window, each once, in no order that may be relied on.
 * Only folders of days and hours are entered that can have one. What is named or kept in another way than AWS does is given
 * too, but what lies in another service's folder is not.
 */
export async function* listWindow(
  bucket: Folders,
  { prefix, window, latenessMs }: WindowListing,
  signal?: AbortSignal,
): AsyncGenerator<FlowObjectRef> {
  const made = { fromMs: window.fromMs - INTERVAL_MS - latenessMs, untilMs: window.untilMs + INTERVAL_MS + latenessMs }
  const days = Math.ceil((made.untilMs - made.fromMs) / DAY_MS)

  async function* walk(path: string): AsyncGenerator<FlowObjectRef> {
    const place = folderPlace(path)
    // Of the prefix itself somebody has said that it is wanted.
    if (place.kind === 'elsewhere' && path !== prefix) return
    if (
      place.kind === 'unknown' ||
      place.kind === 'elsewhere' ||
      (place.kind === 'dated' && isWithin(place.span, made))
    ) {
      yield* bucket.list(signal, path)
      return
    }
    if (place.kind === 'dated' && place.span === undefined && path.endsWith('/') && days <= MOST_NAMED_DAYS) {
      const first = Math.floor(made.fromMs / DAY_MS) * DAY_MS
      for (let dayMs = first; dayMs < made.untilMs; dayMs += DAY_MS) yield* walk(dayFolder(path, dayMs, place.isHive))
      return
    }
    for await (const found of bucket.level(path, signal)) {
      if (!('folder' in found)) yield found
      else if (mayHold(found.folder, made)) yield* walk(found.folder)
    }
  }

  for await (const object of walk(prefix)) if (mayEndIn(object.key, window)) yield object
}

function mayHold(folder: string, made: Window): boolean {
  const place = folderPlace(folder)
  return place.kind !== 'dated' || place.span === undefined || overlaps(place.span, made)
}

/** Whether all of a folder is wanted, so that its own folders need not be looked at one by one. */
const isWithin = (span: Window | undefined, made: Window): boolean =>
  span === undefined
    ? made.fromMs === Number.NEGATIVE_INFINITY && made.untilMs === Number.POSITIVE_INFINITY
    : span.fromMs >= made.fromMs && span.untilMs <= made.untilMs

/** Whether an object may hold a record that ends in the window: so far as its name tells. */
export function mayEndIn(key: string, window: Window): boolean {
  const parts = partsOfKey(key)
  return parts === undefined || overlaps({ fromMs: parts.oldestEndMs, untilMs: parts.newestEndMs }, window)
}
