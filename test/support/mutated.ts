import fc from 'fast-check'

export type Mutate = (bytes: Buffer) => Buffer

const place = fc.double({ min: 0, max: 1, noNaN: true })
const at = (bytes: Buffer, where: number) => Math.floor(where * bytes.length)
const replaced = (bytes: Buffer, from: number, until: number, by: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(until)])

/** Counts, sizes and branches that a hostile writer would try. */
const cunning = fc.constantFrom(
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
  Buffer.from([0x80, 0x80, 0x00]),
  Buffer.from([0x01]),
  Buffer.from([0x03, 0xfe, 0xff, 0xff, 0xff, 0x0f]),
)

const one: fc.Arbitrary<Mutate> = fc.oneof(
  fc.tuple(place, fc.nat({ max: 7 })).map(([where, bit]) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes)
    const i = at(bytes, where)
    if (i < changed.length) changed[i] = (changed[i] as number) ^ (1 << bit)
    return changed
  }),
  fc.tuple(place, fc.uint8Array({ maxLength: 4 })).map(
    ([where, by]) =>
      (bytes: Buffer) =>
        replaced(bytes, at(bytes, where), at(bytes, where), by),
  ),
  fc.tuple(place, cunning).map(
    ([where, by]) =>
      (bytes: Buffer) =>
        replaced(bytes, at(bytes, where), at(bytes, where) + 1, by),
  ),
  place.map(where => (bytes: Buffer) => bytes.subarray(0, at(bytes, where))),
  fc.tuple(place, place).map(
    ([from, until]) =>
      (bytes: Buffer) =>
        replaced(bytes, at(bytes, Math.min(from, until)), at(bytes, Math.max(from, until)), new Uint8Array()),
  ),
)

/** One to four changes of a message, each of bits, bytes, numbers, or of its length. */
export const mutated: fc.Arbitrary<Mutate> = fc
  .array(one, { minLength: 1, maxLength: 4 })
  .map(changes => bytes => changes.reduce((changed, change) => change(changed), bytes))
