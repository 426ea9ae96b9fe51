/** Bytes that putting an IPv4 address may write, some of them behind its end. */
export const IPV4_ROOM_BYTES = 4 * 4 + 4

/** The digits of each octet and a dot, as DataView writes them. */
const OCTETS = Int32Array.from({ length: 256 }, (_, octet) => Buffer.from(`${octet}.   `).readInt32LE())

/** Puts the text of an address. Returns where it ends. */
export function putIpv4(view: DataView, begin: number, word: number): number {
  let end = begin
  for (let shift = 24; shift >= 0; shift -= 8) {
    const octet = (word >>> shift) & 255
    view.setInt32(end, OCTETS[octet] as number, true)
    end += octet < 10 ? 2 : octet < 100 ? 3 : 4
  }
  // Without the last dot.
  return end - 1
}
