import { expect, test } from 'vitest'
import { SHOWN_LATE_MS } from '../../src/simulator/containers.ts'
import type { Tenure } from '../../src/simulator/ledger.ts'
import { createWorld, type World } from '../../src/simulator/world.ts'
import { MINUTE_MS, START_MS } from '../support/simulator.ts'

const HOUR_MS = 60 * MINUTE_MS
const PROMISES = { briefestHoldingMs: 90_000, bridgeMs: 240_000 }
const SCALE = { hosts: 10, containersPerHost: 8, groups: 12 }

function worldAfter(durationMs: number, seed = 1): World {
  const world = createWorld(seed, START_MS, SCALE, PROMISES)
  world.agenda.runTo(START_MS + durationMs)
  return world
}

/** A holder's whole time at an address, whatever its name was. */
function spells(tenures: readonly Tenure[]): Tenure[] {
  const joined: Tenure[] = []
  for (const tenure of tenures) {
    const last = joined.at(-1)
    const goesOn = last?.untilMs === tenure.fromMs && last.holder.resourceId === tenure.holder.resourceId
    if (goesOn && last.eni === tenure.eni) last.untilMs = tenure.untilMs
    else joined.push({ ...tenure })
  }
  return joined
}

/** All that was held for some time, address by address, in order of time. */
function byAddress(world: World): Tenure[][] {
  const keys = new Map(world.begun.map(({ space, ip }) => [`${space}|${ip}`, { space, ip }]))
  return [...keys.values()].map(({ space, ip }) => world.ledger.tenuresOf(space, ip))
}

test('addresses pass to other applications within seconds, of instances and of containers', () => {
  const all = byAddress(worldAfter(HOUR_MS))
  const quick = (layer: string, seconds: number) =>
    all.flatMap(tenures => {
      const own = tenures.filter(({ holder, space }) => holder.layer === layer && space !== 'inet.0')
      return own.filter((after, i) => {
        const before = own[i - 1]
        if (!before || before.holder.application === after.holder.application) return false
        return after.fromMs - before.untilMs < seconds * 1000
      })
    })
  expect(quick('instance', 15).length).toBeGreaterThan(20)
  expect(quick('container', 10).length).toBeGreaterThan(80)
})

test('a task may have started on an address whose last holder is not yet shown as finished', () => {
  const tasks = worldAfter(HOUR_MS)
    .containers.acceptedBy(START_MS + HOUR_MS)
    .toSorted((a, b) => a.holdsFromMs - b.holdsFromMs)
  const overlapping = tasks.filter((task, i) => {
    const before = tasks.slice(0, i).findLast(({ ip }) => ip === task.ip)
    return before !== undefined && task.startedMs < before.finishedMs
  })
  expect(overlapping.length).toBeGreaterThan(5)
  for (const { holdsFromMs, startedMs, holdsUntilMs, finishedMs } of tasks) {
    expect(startedMs - holdsFromMs).toBeLessThanOrEqual(SHOWN_LATE_MS)
    expect(finishedMs).toBeGreaterThan(holdsUntilMs)
    expect(finishedMs - holdsUntilMs).toBeLessThanOrEqual(SHOWN_LATE_MS)
  }
})

test('containers live ten minutes in the median', () => {
  const lives = worldAfter(3 * HOUR_MS)
    .begun.filter(
      ({ holder, fromMs, untilMs }) =>
        holder.layer === 'container' && fromMs >= START_MS && fromMs < START_MS + 2 * HOUR_MS && untilMs > fromMs,
    )
    .map(({ fromMs, untilMs }) => untilMs - fromMs)
    .sort((a, b) => a - b)
  const median = lives[lives.length >> 1] ?? 0
  expect(median).toBeGreaterThan(8 * MINUTE_MS)
  expect(median).toBeLessThan(12 * MINUTE_MS)
})

test.each([1, 2, 3])('the promises are kept (seed %i)', seed => {
  const endMs = START_MS + 2 * HOUR_MS
  for (const tenures of byAddress(worldAfter(2 * HOUR_MS, seed)).map(spells)) {
    for (const [i, tenure] of tenures.entries()) {
      const { holder, fromMs, untilMs, eni } = tenure
      if (i > 0) expect(fromMs).toBeGreaterThanOrEqual((tenures[i - 1] as Tenure).untilMs)
      // An address that containers share is nobody's own.
      if (holder.layer === 'interface' || holder.resourceId.startsWith('shared ')) continue
      if (untilMs < endMs)
        expect(untilMs - Math.max(fromMs, START_MS)).toBeGreaterThanOrEqual(PROMISES.briefestHoldingMs)
      const back = tenures
        .slice(i + 1)
        .find(later => later.holder.resourceId === holder.resourceId && later.eni === eni && later.space !== 'inet.0')
      if (back) expect(back.fromMs - untilMs).toBeGreaterThan(PROMISES.bridgeMs)
    }
  }
})

test.each([1, 2, 3, 4])('nobody has an interface under one name for less than the briefest holding (seed %i)', seed => {
  const endMs = START_MS + 4 * HOUR_MS
  const byName = new Map<string, Tenure[]>()
  for (const tenure of worldAfter(4 * HOUR_MS, seed).begun) {
    const { eni, holder } = tenure
    if (holder.layer === 'interface') continue
    const name = `${eni.id} ${holder.resourceId} ${holder.application}`
    byName.set(name, [...(byName.get(name) ?? []), tenure])
  }
  for (const tenures of byName.values()) {
    const fromMs = Math.min(...tenures.map(tenure => tenure.fromMs))
    const untilMs = Math.max(...tenures.map(tenure => tenure.untilMs))
    if (fromMs > START_MS && untilMs < endMs)
      expect(untilMs - fromMs).toBeGreaterThanOrEqual(PROMISES.briefestHoldingMs)
  }
})

test('interfaces, secondary addresses and Elastic IPs change hands', () => {
  const world = worldAfter(HOUR_MS)
  const enis = world.network.enisAt(START_MS + HOUR_MS)
  const floating = enis.filter(({ description }) => description === 'floating interface')
  expect(floating).toHaveLength(2)
  for (const { attachments } of floating) {
    expect(attachments.length).toBeGreaterThan(3)
    expect(new Set(attachments.map(({ attachmentId }) => attachmentId)).size).toBe(attachments.length)
  }
  const secondary = byAddress(world).filter(
    tenures =>
      new Set(tenures.map(({ eni }) => eni)).size > 3 &&
      tenures.every(({ eni, ip }) => eni.primaryIp !== ip && eni.subnet.vpc === tenures[0]?.space),
  )
  const isInBlock = (ip = '') => /^10\.0\.(15|31)\./.test(ip)
  expect(secondary.filter(([first]) => isInBlock(first?.ip))).toHaveLength(4 * 16)
  expect(secondary.filter(([first]) => first?.ip.includes(':')).length).toBeGreaterThanOrEqual(2)
  expect(secondary.filter(([first]) => !isInBlock(first?.ip) && !first?.ip.includes(':'))).toHaveLength(8)
  const elastic = byAddress(world).filter(([first]) => first?.ip.startsWith('52.11.120.'))
  for (const tenures of elastic) expect(new Set(tenures.map(({ eni }) => eni.id)).size).toBeGreaterThan(4)
  expect(elastic.some(tenures => new Set(tenures.map(({ eni }) => eni.subnet.vpc)).size === 2)).toBe(true)
})

test('the steps in which time is advanced change nothing', () => {
  const atOnce = worldAfter(HOUR_MS)
  const inSteps = createWorld(1, START_MS, SCALE, PROMISES)
  for (let ms = 0; ms <= HOUR_MS; ms += 7_919) inSteps.agenda.runTo(START_MS + ms)
  inSteps.agenda.runTo(START_MS + HOUR_MS)
  const told = (world: World) => world.begun.map(({ ip, fromMs, untilMs, holder }) => [ip, fromMs, untilMs, holder])
  expect(told(inSteps)).toEqual(told(atOnce))
  expect(told(worldAfter(HOUR_MS, 2))).not.toEqual(told(atOnce))
})

test('instances stop and start, and are given to other applications; tasks move, share addresses and stay listed', () => {
  const world = worldAfter(2 * HOUR_MS)
  const nowMs = START_MS + 2 * HOUR_MS
  const instances = world.fleet.instancesAt(nowMs)
  const tasks = world.containers.acceptedBy(nowMs)
  expect(instances.filter(({ pause }) => pause !== null && pause.startMs < nowMs).length).toBeGreaterThan(2)
  expect(instances.filter(({ names }) => names.length > 1).length).toBeGreaterThan(1)
  expect(
    tasks.filter(({ moved, finishedMs }) => moved && moved.atMs < nowMs && finishedMs < nowMs).length,
  ).toBeGreaterThan(3)
  expect(tasks.filter(({ transitionIp }) => transitionIp !== null).length).toBeGreaterThan(20)
  expect(tasks.filter(({ ip, ipv6 }) => ip === null && ipv6 !== null).length).toBeGreaterThan(20)
  expect(tasks.filter(({ finishedMs, listedUntilMs }) => listedUntilMs > finishedMs + 30_000).length).toBeGreaterThan(3)
})

test('an automatically assigned public address does not outlive a stop, and another comes with the start', () => {
  const world = worldAfter(2 * HOUR_MS)
  const paused = world.fleet
    .instancesAt(START_MS + 2 * HOUR_MS)
    .flatMap(({ eni, pause }) => (pause && pause.startMs < START_MS + 2 * HOUR_MS ? [{ eni, pause }] : []))
  const auto = paused.map(({ eni, pause }) => ({
    pause,
    associations: eni.associations.filter(({ allocationId }) => allocationId === null),
  }))
  const withAddress = auto.filter(({ associations }) => associations.length > 1)
  expect(withAddress.length).toBeGreaterThan(0)
  for (const { pause, associations } of withAddress) {
    expect(associations[0]?.untilMs).toBe(pause.stoppedMs)
    expect(associations[1]?.fromMs).toBe(pause.startMs)
    expect(associations[1]?.publicIp).not.toBe(associations[0]?.publicIp)
  }
})

test('hosts are drained and replaced, and an address may pass on in the very instant in which it is given up', () => {
  const world = worldAfter(2 * HOUR_MS)
  const hosts = new Set(world.containers.acceptedBy(START_MS + 2 * HOUR_MS).map(({ host }) => host.id))
  expect(hosts.size).toBeGreaterThan(SCALE.hosts)
  const atOnce = byAddress(world).flatMap(tenures =>
    tenures.filter((tenure, i) => {
      const before = tenures[i - 1]
      return before?.untilMs === tenure.fromMs && before.holder.resourceId !== tenure.holder.resourceId
    }),
  )
  const layers = (layer: string) => atOnce.filter(({ holder, fromMs }) => holder.layer === layer && fromMs > START_MS)
  expect(layers('container').length).toBeGreaterThan(20)
  expect(layers('instance').length).toBeGreaterThan(0)
})
