/** The addresses of an IPv4 block of /24 or longer; none of an IPv6 block, which nobody can count. */
export function blockIps(block: string): string[] {
  const [network = '', length = ''] = block.split('/')
  if (network.includes(':')) return []
  const [a, b, c, first] = network.split('.').map(Number)
  return Array.from({ length: 2 ** (32 - Number(length)) }, (_, i) => `${a}.${b}.${c}.${(first ?? 0) + i}`)
}
